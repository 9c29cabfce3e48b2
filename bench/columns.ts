// Parts of the reports: numbers, tables, and the columns of a scenario.

import type { FigureName, Measurement } from './results.ts';
import { medianOf, ratioOf, type Series } from './statistics.ts';

/** Formats a number with three significant digits, or in whole thousands with separators. */
export function showNumber(value: number | undefined): string {
  if (value === undefined) return '';
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** Describes one run on a line. */
export function describeRun(measurement: Measurement<string, string>): string {
  const { scenario, peer, bodyBytes, round, figures } = measurement;
  const shown = Object.entries(figures)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name} ${showNumber(value)}`);
  return `${scenario} ${bodyBytes} B, round ${round}, ${peer}: ${shown.join(', ')}`;
}

/** A column of a table with one row per broker. */
export interface Column {
  readonly title: string;
  readonly show: (peer: string) => string;
}

/** The titles of brokers in tables, in the order of the rows. */
export type Titles = Readonly<Record<string, string>>;

/** Formats a Markdown table with one row per broker. */
export function table(
  peers: readonly string[],
  titles: Titles,
  columns: readonly Column[],
): string {
  const lines = [
    ['broker', ...columns.map(({ title }) => title)],
    ['---', ...columns.map(() => '--:')],
    ...peers.map((peer) => [titles[peer] ?? peer, ...columns.map(({ show }) => show(peer))]),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Creates the columns of a scenario with one body size. */
export class Columns<Scenario extends string, Peer extends string> {
  readonly #measurements: readonly Measurement<Scenario, Peer>[];
  readonly #of: Pick<Series<Scenario, Peer>, 'scenario' | 'bodyBytes'>;
  readonly #titles: Titles;
  readonly #base: (there: readonly string[]) => string;

  /** @param base chooses the broker that ratios refer to among the measured ones */
  constructor(
    measurements: readonly Measurement<Scenario, Peer>[],
    of: Pick<Series<Scenario, Peer>, 'scenario' | 'bodyBytes'>,
    titles: Titles,
    base: (there: readonly string[]) => string,
  ) {
    this.#measurements = measurements;
    this.#of = of;
    this.#titles = titles;
    this.#base = base;
  }

  #series(peer: string, figure: FigureName): Series<string, string> {
    return { ...this.#of, peer, figure };
  }

  #median(peer: string, figure: FigureName): number | undefined {
    return medianOf<string, string>(this.#measurements, this.#series(peer, figure));
  }

  /** Returns the measured brokers in the order of the titles. */
  peers(): string[] {
    const isOfIt = ({ scenario, bodyBytes }: Measurement<string, string>) =>
      scenario === this.#of.scenario && bodyBytes === this.#of.bodyBytes;
    const there = new Set<string>(this.#measurements.filter(isOfIt).map(({ peer }) => peer));
    return Object.keys(this.#titles).filter((name) => there.has(name));
  }

  plain(title: string, figure: FigureName, factor = 1): Column {
    return {
      title,
      show: (peer) => {
        const found = this.#median(peer, figure);
        return showNumber(found === undefined ? undefined : found * factor);
      },
    };
  }

  pair(title: string, first: FigureName, second: FigureName): Column {
    const show = (peer: string, figure: FigureName) => showNumber(this.#median(peer, figure));
    return {
      title,
      show: (peer) =>
        this.#median(peer, first) ? `${show(peer, first)} / ${show(peer, second)}` : '–',
    };
  }

  /** A column with ratios to the base. */
  ratio(figure: FigureName): Column {
    const base = this.#base(this.peers());
    return {
      title: `to ${this.#titles[base] ?? base}`,
      show: (peer) =>
        showNumber(
          ratioOf<string, string>(
            this.#measurements,
            this.#series(peer, figure),
            this.#series(base, figure),
          ),
        ),
    };
  }
}

/** The columns of a flow of messages. */
export function flowColumns<Scenario extends string, Peer extends string>(
  of: Columns<Scenario, Peer>,
): Column[] {
  return [
    of.plain('msg/s', 'messagesPerSecond'),
    of.ratio('messagesPerSecond'),
    of.plain('msg per server-CPU-s', 'messagesPerCpuSecond'),
    of.ratio('messagesPerCpuSecond'),
    of.pair('confirm p50 / p99 ms', 'confirmP50Ms', 'confirmP99Ms'),
    of.pair('end to end p50 / p99 ms', 'endToEndP50Ms', 'endToEndP99Ms'),
    of.plain('RSS MiB', 'rssMaxKiB', 1 / 1024),
  ];
}

/**
 * Describes possible errors of the measurement: lost or duplicated messages, and other load on the
 * machine.
 */
export function doubts(measurements: readonly Measurement<string, string>[]): string {
  const wrong = measurements.filter(
    ({ figures: { gaps = 0, redelivered = 0, refused = 0 } }) => gaps + redelivered + refused > 0,
  );
  const others = measurements.flatMap(({ figures }) => figures.otherCpuSeconds ?? []);
  const most = others.length === 0 ? 0 : Math.max(...others);
  return [
    `- Runs with messages missing, out of sequence, delivered twice or refused: ${wrong.length}.`,
    `- CPU time that other processes took during a run: ${showNumber(most)} s at most.`,
  ].join('\n');
}
