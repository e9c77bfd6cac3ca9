/** What is said between the measuring process and its spawner in a node (spawner.ts): one line of JSON each way. */

export interface Command {
  /** Program, by its path, and arguments. */
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Text for its stdin. */
  readonly input: string;
}

export interface Outcome {
  /** From the spawn to the end of the program and of its output. */
  readonly milliseconds: number;
  /** Exit status; 128 where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Request {
  /** Run at once; one alone is waited for without an event loop in between. */
  readonly commands: readonly Command[];
}

export interface Answer {
  /** From the first spawn to the last end. */
  readonly milliseconds: number;
  /** Processor time of all that ran, and of their children: user and system. */
  readonly cpuSeconds: number;
  readonly outcomes: readonly Outcome[];
}
