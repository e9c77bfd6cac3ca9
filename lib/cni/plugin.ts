/**
 * What a plugin is, and what its handlers get.
 *
 * A plugin owns what each command does; the dispatcher (serve.ts) owns versions, validation, output and exit status.
 */
import type * as z from '#zod';
import { CniError, ErrorCode } from '../errors.ts';
import type { Host, Netns } from '../exec/host.ts';
import type { BaseConfig, ConfigForm, ValidAttachment } from './config.ts';
import type { Ipam } from './delegate.ts';
import type { Attachment } from './identity.ts';
import type { Log } from './log.ts';
import type { Request } from './request.ts';
import type { Result } from './result.ts';

/** What every handler gets: a parsed call, and the machine it works on. */
export interface Context<C> {
  readonly request: Request;
  readonly config: C;
  readonly host: Host;
  readonly log: Log;
  /** The IPAM plugin of the config, or undefined where it names none. */
  readonly ipam: Ipam | undefined;
  /** The result that the runtime or an earlier plugin of the chain gives, in the inner form. */
  readonly prevResult: Result | undefined;
}

/** A call about one attachment: ADD, CHECK, DEL. */
export interface AttachmentContext<C> extends Context<C> {
  readonly attachment: Attachment;
  /** Open for ADD and CHECK of an interface plugin; on DEL it may be gone; an IPAM plugin has none. */
  readonly sandbox: Netns | undefined;
  /** What is to come before anything is changed, where it is still under way: for ADD and DEL of an IPAM plugin. */
  readonly after: Promise<void> | undefined;
}

export interface GcContext<C> extends Context<C> {
  readonly valid: readonly ValidAttachment[];
}

export interface Plugin<S extends z.ZodMiniType = z.ZodMiniType> {
  readonly name: string;
  /** An interface plugin works inside the sandbox; an IPAM plugin is delegated to, and is given none. */
  readonly kind: 'interface' | 'ipam';
  /** One line for people. */
  readonly about: string;
  /** The config as this plugin reads it; its schema is an extension of baseConfigSchema. */
  readonly config: ConfigForm<S>;
  /** Keys of CNI_ARGS that this plugin knows, beside those that all know. */
  readonly args: readonly string[];
  add(context: AttachmentContext<z.output<S>>): Promise<Result>;
  del(context: AttachmentContext<z.output<S>>): Promise<void>;
  check(context: AttachmentContext<z.output<S>>): Promise<void>;
  gc(context: GcContext<z.output<S>>): Promise<void>;
  status(context: Context<z.output<S>>): Promise<void>;
  /**
   * Checks what the config alone can tell: that its fields go together. ADD does so too; by this, `plumbline lint` does.
   * @throws CniError whose message begins with the field at fault
   */
  validate?(context: Context<z.output<S>>): unknown;
}

/** Finds a plugin by the name it is called by; it may have to be loaded. */
export type PluginTable = (name: string) => Plugin | undefined | Promise<Plugin | undefined>;

/** A plugin whose handlers are typed by its config's schema. */
export function definePlugin<S extends z.ZodMiniType<BaseConfig>>(plugin: Plugin<S>): Plugin<S> {
  return plugin;
}

/**
 * The sandbox of a call that cannot be without one.
 * @throws CniError 8 where the config leaves none, which the dispatcher has refused before
 */
export function sandboxOf(context: AttachmentContext<unknown>): Netns {
  if (context.sandbox === undefined) {
    throw new CniError(ErrorCode.invalidNetns, `${context.request.command} needs an open network namespace`);
  }
  return context.sandbox;
}
