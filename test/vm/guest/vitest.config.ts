/** The checkout's own configuration, with results that go to the host. */
import { mergeConfig } from 'vitest/config';
import base from '../../../vitest.config.ts';
import { eventReporter } from './reporter.ts';

export default mergeConfig(base, {
  root: '/checkout',
  test: {
    reporters: [eventReporter('/results')],
    // A group may choose none of its cases here.
    passWithNoTests: true,
  },
});
