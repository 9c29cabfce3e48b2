// Reads the statistics that the instances of a pair write.

import {
  type BrokerValue,
  brokerValues,
  type DestinationValue,
  destinationsMax,
  destinationValues,
} from './files/statistics.ts';

/** A queue or topic with its values. */
export interface DestinationStatistics {
  readonly name: string;
  readonly values: Readonly<Record<DestinationValue, number>>;
}

/** What an active instance stated. */
export interface InstanceStatistics {
  readonly values: Readonly<Record<BrokerValue, number>>;
  /** At most {@link destinationsMax}. Of a name with more than 250 characters, the beginning and the SHA-256. */
  readonly queues: readonly DestinationStatistics[];
  /** The same, without those of ActiveMQ itself. */
  readonly topics: readonly DestinationStatistics[];
  /** Sums of all queues and topics since the start; undefined while some of them are not written. */
  readonly sums: Readonly<Record<SumValue, number>> | undefined;
}

const sumValues = ['enqueued', 'dispatched', 'dequeued'] as const;

/** The values of which there are sums. */
export type SumValue = (typeof sumValues)[number];

/** Collects the lines of one process. A line that is not as expected is left out. */
export class StatisticsReader {
  readonly #start: string;
  readonly #sums = new Sums();
  #queues: DestinationStatistics[] = [];
  #topics: DestinationStatistics[] = [];

  /** @param token as of {@link statisticsExpression} */
  constructor(token: string) {
    this.#start = `${token} `;
  }

  /** Whether a line is part of the statistics, and not of the log. */
  isStatistics(line: string): boolean {
    return line.startsWith(this.#start);
  }

  /** Reads one line. The last line of a report completes it; only then the report is returned. */
  read(line: string): InstanceStatistics | undefined {
    const [kind, ...words] = line.slice(this.#start.length).split(' ');
    if (kind === 'queue') add(this.#queues, words);
    else if (kind === 'topic') add(this.#topics, words);
    else if (kind === 'broker') return this.#complete(words);
    return undefined;
  }

  #complete(words: readonly string[]): InstanceStatistics | undefined {
    const [queues, topics] = [this.#queues, this.#topics];
    this.#queues = [];
    this.#topics = [];
    const values = numbers(brokerValues, words);
    if (values === undefined) return undefined;
    const areAll = queues.length === values.queues && topics.length === values.topics;
    return { values, queues, topics, sums: areAll ? this.#sums.after(queues, topics) : undefined };
  }
}

/** Sums that do not shrink when a destination is deleted. ActiveMQ's own ones contain its advisories. */
class Sums {
  #before: ReadonlyMap<string, Readonly<Record<SumValue, number>>> = new Map();
  #sums = { enqueued: 0, dispatched: 0, dequeued: 0 };

  after(
    queues: readonly DestinationStatistics[],
    topics: readonly DestinationStatistics[],
  ): Readonly<Record<SumValue, number>> {
    const now = new Map<string, Readonly<Record<SumValue, number>>>();
    for (const { name, values } of queues) addTo(now, `queue ${name}`, values);
    for (const { name, values } of topics) addTo(now, `topic ${name}`, values);
    const sums = { ...this.#sums };
    for (const [key, values] of now) {
      const before = this.#before.get(key);
      for (const name of sumValues) {
        const growth = values[name] - (before?.[name] ?? 0);
        // A destination that was deleted and created again counts from zero.
        sums[name] += growth >= 0 ? growth : values[name];
      }
    }
    this.#before = now;
    this.#sums = sums;
    return sums;
  }
}

/** Names with lone surrogates are written with `?` instead, so that several can be the same. */
function addTo(
  all: Map<string, Readonly<Record<SumValue, number>>>,
  key: string,
  values: Readonly<Record<SumValue, number>>,
): void {
  const same = all.get(key);
  const of = (name: SumValue) => values[name] + (same?.[name] ?? 0);
  const sums = { enqueued: of('enqueued'), dispatched: of('dispatched'), dequeued: of('dequeued') };
  all.set(key, sums);
}

function add(to: DestinationStatistics[], [encoded = '', ...words]: readonly string[]): void {
  const values = numbers(destinationValues, words);
  const name = decoded(encoded);
  if (values === undefined || name === undefined || to.length >= destinationsMax) return;
  to.push({ name, values });
}

/** Returns undefined unless all are there, and none is negative. */
function numbers<Name extends string>(
  names: readonly Name[],
  words: readonly string[],
): Readonly<Record<Name, number>> | undefined {
  if (words.length !== names.length) return undefined;
  if (words.some((word) => !/^\d{1,19}$/.test(word))) return undefined;
  // One for each name, as was checked.
  return Object.fromEntries(names.map((name, at) => [name, Number(words[at])])) as Record<
    Name,
    number
  >;
}

/** Decodes a name that was encoded as in a form. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined; // not an encoding of UTF-8
  }
}
