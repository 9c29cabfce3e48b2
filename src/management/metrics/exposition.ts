// Prometheus' text format, written in slices.

import { distinctPrintable } from '../../base/byte-text.ts';
import { inSlices, itemsPerStep, type Runner } from '../slices.ts';
import type { MetricRow } from './tables.ts';

/** The media type of the format. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** Labels of a value. */
export type Labels = Readonly<Record<string, string>>;

/** Number of values that are written as one piece. */
const valuesPerPiece = 500;

/** A kind of object with its metrics. */
export interface MetricGroup<Subject> {
  readonly rows: readonly MetricRow<Subject>[];
  readonly subjects: readonly Subject[];
  readonly labels: (subject: Subject) => Labels;
}

function header(name: string, help: string): string {
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  return `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n`;
}

/** Writes one value. */
export function line(name: string, labels: Labels, value: number): string {
  const list = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${list.length === 0 ? '' : `{${list.join(',')}}`} ${value}\n`;
}

/** Escapes a label. Names that are not valid UTF-8 are written with their bytes. */
function escaped(text: string): string {
  return distinctPrintable(text).replaceAll('"', '\\"');
}

/** Writes a metric of the broker. */
export function single<Subject>(
  { name, help, of }: MetricRow<Subject>,
  subject: Subject,
  labels: Labels = {},
): string {
  const full = `rabbitmq_${name}`;
  return header(full, help) + line(full, labels, of(subject));
}

/** Writes the sums over all objects. */
export function sums<Subject>(
  background: Runner,
  { rows, subjects }: MetricGroup<Subject>,
): Promise<string> {
  return inSlices(background, sumSteps(rows, subjects));
}

function* sumSteps<Subject>(
  rows: readonly MetricRow<Subject>[],
  subjects: readonly Subject[],
): Generator<void, string> {
  const values = rows.map(() => 0);
  for (const [index, subject] of subjects.entries()) {
    for (const [at, row] of rows.entries()) values[at] = (values[at] ?? 0) + row.of(subject);
    if (index % itemsPerStep === 0) yield;
  }
  const texts = rows.map(({ name, help }, at) => {
    const full = `rabbitmq_${name}`;
    return header(full, help) + line(full, {}, values[at] ?? 0);
  });
  return texts.join('');
}

/** Writes the values of each object, in pieces. */
export async function* each<Subject>(
  background: Runner,
  prefix: string,
  { rows, subjects, labels }: MetricGroup<Subject>,
): AsyncGenerator<string> {
  for (const row of rows) {
    yield header(`${prefix}${row.name}`, row.help);
    for (let from = 0; from < subjects.length; from += valuesPerPiece) {
      const some = subjects.slice(from, from + valuesPerPiece);
      yield await inSlices(background, lineSteps(prefix, row, some, labels));
    }
  }
}

function* lineSteps<Subject>(
  prefix: string,
  { name, of }: MetricRow<Subject>,
  subjects: readonly Subject[],
  labels: (subject: Subject) => Labels,
): Generator<void, string> {
  let text = '';
  for (const [index, subject] of subjects.entries()) {
    text += line(`${prefix}${name}`, labels(subject), of(subject));
    if (index % itemsPerStep === 0) yield;
  }
  return text;
}
