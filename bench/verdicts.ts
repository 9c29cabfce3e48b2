// Goals, their verdicts, and the table of both.

import { showNumber, type Titles } from './columns.ts';

/** A goal of docs/performance.md, and the calculation of its figure from the results. */
export interface Goal<Results> {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  /** `least`: the figure must be at least the goal; `most`: it must be at most the goal. */
  readonly sense: 'least' | 'most';
  readonly goal: number;
  readonly must: number;
  readonly measure: (results: Results) => Measured | undefined;
}

/** A figure, and the broker that it was compared with if this differs from the goal. */
export interface Measured {
  readonly value: number;
  readonly beside?: string;
}

/** A goal and its measured figure. */
export interface Verdict<Results> {
  readonly goal: Goal<Results>;
  readonly measured: Measured | undefined;
  readonly reached: 'goal' | 'must' | 'neither' | undefined;
}

/** Compares results with goals. */
export function verdicts<Results>(
  goals: readonly Goal<Results>[],
  results: Results,
): Verdict<Results>[] {
  return goals.map((goal) => {
    const measured = goal.measure(results);
    return { goal, measured, reached: measured && reached(goal, measured) };
  });
}

function reached<Results>(goal: Goal<Results>, { value }: Measured): Verdict<Results>['reached'] {
  const holds = (limit: number) => (goal.sense === 'least' ? value >= limit : value <= limit);
  if (holds(goal.goal)) return 'goal';
  return holds(goal.must) ? 'must' : 'neither';
}

const words = { goal: 'yes', must: 'the must', neither: '**no**' };

function goalLine<Results>({ goal, measured, reached }: Verdict<Results>, titles: Titles): string {
  const sign = goal.sense === 'least' ? '≥' : '≤';
  const limit = (value: number) => `${sign} ${showNumber(value)} ${goal.unit}`;
  const beside = measured?.beside ? ` (beside ${titles[measured.beside]})` : '';
  const value = measured ? `${showNumber(measured.value)} ${goal.unit}${beside}` : '';
  const cells = [goal.name, goal.what, limit(goal.goal), limit(goal.must), value];
  return `| ${[...cells, reached ? words[reached] : ''].join(' | ')} |`;
}

/** The table of goals with required and measured figures, where measured. */
export function goalTable<Results>(all: readonly Verdict<Results>[], titles: Titles): string {
  const measured = all.filter((verdict) => verdict.measured !== undefined);
  if (measured.length === 0) return '';
  const head = ['| | what | goal | must | measured | reached |', '|---|---|--:|--:|--:|---|'];
  return ['### Goals', '', ...head, ...measured.map((one) => goalLine(one, titles))].join('\n');
}
