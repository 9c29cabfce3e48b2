// The definition of a drill: an attack on a throw-away service, and its expected effects.

import type { Lab } from './lab.ts';

/** A check of one promise of SECURITY.md. */
export interface Drill {
  /** The name on the command line. */
  readonly name: string;
  /** The promise, as a sentence. */
  readonly promise: string;
  /** What the drill does not show; undefined if it shows the whole promise. */
  readonly limits?: string;
  /**
   * Performs the attack and reports what was seen. The drill fails if an observation is not as
   * promised, or if this throws.
   */
  run(lab: Lab): Promise<void>;
}

/** Something that a drill saw. */
export interface Observation {
  /** What must be so. */
  readonly what: string;
  readonly isAsPromised: boolean;
  /** What was found, without secrets. */
  readonly seen: string;
}

/** The result of a drill. */
export interface DrillResult {
  readonly name: string;
  readonly promise: string;
  readonly limits?: string;
  readonly hasPassed: boolean;
  /** The steps that were taken, in their order. */
  readonly done: readonly string[];
  readonly observations: readonly Observation[];
  /** Parts that this machine cannot run, and why; undefined if everything was tried. */
  readonly notTried?: readonly string[];
  /** Why the drill ended early; undefined if it did not. */
  readonly error?: string;
  readonly durationMs: number;
}
