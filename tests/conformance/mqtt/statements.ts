// The normative statements of MQTT 5 (appendix B) by their numbers.

/** The number of the last statement of each section. The statements are numbered from 1. */
const lastOf: Readonly<Record<string, number>> = {
  '1.5.4': 3,
  '1.5.5': 1,
  '1.5.7': 1,
  '2.1.3': 1,
  '2.2.1': 6,
  '2.2.2': 1,
  '3.1.0': 2,
  '3.1.2': 30,
  '3.1.3': 12,
  '3.1.4': 6,
  '3.2.0': 2,
  '3.2.2': 22,
  '3.3.1': 13,
  '3.3.2': 20,
  '3.3.4': 10,
  '3.4.2': 3,
  '3.5.2': 3,
  '3.6.1': 1,
  '3.6.2': 3,
  '3.7.2': 3,
  '3.8.1': 1,
  '3.8.3': 5,
  '3.8.4': 8,
  '3.9.2': 2,
  '3.9.3': 2,
  '3.10.1': 1,
  '3.10.3': 2,
  '3.10.4': 6,
  '3.11.2': 2,
  '3.11.3': 2,
  '3.12.4': 1,
  '3.14.0': 1,
  '3.14.1': 1,
  '3.14.2': 4,
  '3.14.4': 3,
  '3.15.1': 1,
  '3.15.2': 3,
  '4.1.0': 2,
  '4.2': 1,
  '4.3.1': 1,
  '4.3.2': 5,
  '4.3.3': 13,
  '4.4.0': 2,
  '4.5.0': 2,
  '4.6.0': 6,
  '4.7.0': 1,
  '4.7.1': 2,
  '4.7.2': 1,
  '4.7.3': 4,
  '4.8.2': 6,
  '4.9.0': 3,
  '4.12.0': 7,
  '4.12.1': 2,
  '4.13.1': 1,
  '4.13.2': 1,
  '6.0.0': 4,
};

/** The standard has no such statement. */
const absent: ReadonlySet<string> = new Set(['2.2.1-1']);

/** All statements: `3.1.2-4`. */
export const statements: readonly string[] = Object.entries(lastOf)
  .flatMap(([section, last]) => Array.from({ length: last }, (_, n) => `${section}-${n + 1}`))
  .filter((id) => !absent.has(id));

/** A reason why no test of a server has a statement in its title, and the statements. */
export interface Untested {
  readonly reason: string;
  readonly ids: readonly string[];
}

export const untested: readonly Untested[] = [
  {
    reason: 'It is about clients, and a server cannot check it.',
    ids: [
      '3.1.2-20',
      '3.1.2-21',
      '3.1.2-30',
      '3.2.2-4',
      '3.2.2-5',
      '3.2.2-11',
      '3.2.2-14',
      '3.2.2-15',
      '3.2.2-17',
      '3.2.2-18',
      '3.2.2-21',
      '3.3.2-9',
      '3.3.2-10',
      '3.3.4-7',
      '3.3.4-8',
      '4.5.0-2',
      '4.6.0-1',
      '4.6.0-2',
      '4.6.0-3',
      '4.6.0-4',
      '4.12.0-3',
      '4.12.0-7',
      '4.12.1-1',
      '6.0.0-3',
    ],
  },
  {
    reason: 'It is about servers without QoS 2 or retained messages. The broker has both.',
    ids: ['3.2.2-9', '3.2.2-10', '3.2.2-12', '3.2.2-13'],
  },
  {
    reason: 'The broker sends no reason as text in acknowledgements.',
    ids: ['3.4.2-2', '3.5.2-2', '3.6.2-2', '3.7.2-2', '3.9.2-1', '3.11.2-1'],
  },
  {
    reason: 'The broker sends user properties in PUBLISH only.',
    ids: [
      '3.2.2-20',
      '3.4.2-3',
      '3.5.2-3',
      '3.6.2-3',
      '3.7.2-3',
      '3.9.2-2',
      '3.11.2-2',
      '3.14.2-4',
    ],
  },
  {
    reason: 'The broker has no authentication methods, so that it never sends AUTH.',
    ids: ['3.15.2-1', '3.15.2-2', '3.15.2-3', '4.12.0-2', '4.12.0-4', '4.12.0-5', '4.12.1-2'],
  },
  {
    reason: 'The broker sends one copy for overlapping subscriptions, not several.',
    ids: ['3.3.4-5'],
  },
  {
    reason:
      'The broker differs: a QoS 2 message of a shared subscription goes to another client if its client was lost before PUBREC.',
    ids: ['4.8.2-4', '4.8.2-5'],
  },
];
