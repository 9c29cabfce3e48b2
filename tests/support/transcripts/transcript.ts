/** What a client does, and what it is answered. */
export interface Step {
  /** `a` unless another connection is named. */
  readonly connection: string;
  readonly channel: number;
  readonly text: string;
  /** The step is written together with the one after it. */
  readonly isPart: boolean;
  /** Lines in the format of `print`; separate ones for RabbitMQ and Waxwing if they differ. */
  readonly expected: { readonly rabbitmq: string[]; readonly waxwing: string[] };
}

/** One case: its title says what is true. */
export interface Case {
  readonly title: string;
  /** The reason for different answers of Waxwing. */
  readonly comments: readonly string[];
  readonly steps: readonly Step[];
}

/** A received line as a transcript has it: connection and channel go before it unless `a` and 1. */
export function mark(connection: string, channel: number, sign: string, text: string): string {
  return `${connection === 'a' ? '' : connection}${channel === 1 ? '' : channel}${sign} ${text}`;
}

interface MutableCase {
  title: string;
  comments: string[];
  steps: Step[];
}

const stepLine = /^([b-z]?)(\d*)> (.*?)( &)?$/;
const answerLine = /^([RW]?) ?([b-z]?\d*<.*)$/;

/**
 * Reads a file of cases. `# title` begins one, `; text` is a comment on it, `>` is said by the
 * client and `<` by the broker; `R` or `W` before that where only RabbitMQ or only Waxwing says it.
 */
export function parseTranscripts(text: string): Case[] {
  const cases: MutableCase[] = [];
  text.split('\n').forEach((line, index) => {
    const current = cases.at(-1);
    if (line.startsWith('# ')) cases.push({ title: line.slice(2), comments: [], steps: [] });
    else if (line === '' || line.startsWith('//')) return;
    else if (current === undefined) throw new Error(`line ${index + 1} comes before any title`);
    else if (line.startsWith('; ')) current.comments.push(line.slice(2));
    else readLine(current, line, index + 1);
  });
  return cases;
}

function readLine(current: MutableCase, line: string, number: number): void {
  const said = stepLine.exec(line);
  if (said !== null) {
    current.steps.push({
      connection: said[1] || 'a',
      channel: Number(said[2] || 1),
      text: said[3] ?? '',
      isPart: said[4] !== undefined,
      expected: { rabbitmq: [], waxwing: [] },
    });
    return;
  }
  const answer = answerLine.exec(line);
  const expected = current.steps.at(-1)?.expected;
  if (answer === null || expected === undefined) throw new Error(`line ${number}: '${line}'`);
  const [, who, text = ''] = answer;
  if (who !== 'W') expected.rabbitmq.push(text);
  if (who !== 'R') expected.waxwing.push(text);
}
