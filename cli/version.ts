/** Replaced by the build with package.json's version; absent where the sources run as they are. */
declare const PLUMBLINE_VERSION: string | undefined;

/** The version of this executable. */
export const VERSION: string = typeof PLUMBLINE_VERSION === 'string' ? PLUMBLINE_VERSION : 'from-source';
