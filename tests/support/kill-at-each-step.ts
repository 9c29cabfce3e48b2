// Ends of a control plane's process at every step.

import { ControlPlane } from './control-plane.ts';
import { Machine } from './machine.ts';

/**
 * Ends the process at each of its steps in turn, and looks at what the next one makes of it.
 *
 * @returns the number of steps
 */
export async function killAtEachStep(
  act: (plane: ControlPlane) => Promise<unknown>,
  prepare: (plane: ControlPlane) => Promise<void>,
  judge: (plane: ControlPlane, step: number) => Promise<void>,
): Promise<number> {
  for (let step = 1; ; step++) {
    const machine = new Machine();
    let own = await ControlPlane.start(machine);
    try {
      await prepare(own);
      machine.endAt = machine.steps + step;
      // A call that the process does not live to answer is never answered.
      await Promise.race([act(own).then(() => own.settled()), own.ended]);
      const isOver = machine.steps < machine.endAt;
      machine.endAt = undefined;
      own = await own.restart();
      await own.settled();
      await judge(own, step);
      if (isOver) return step;
    } finally {
      await own.close();
    }
  }
}
