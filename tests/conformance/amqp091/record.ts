// Plays transcripts against a broker of one's choice, and writes down what it answers:
//   node dist/tests/conformance/amqp091/record.js [--rabbitmq | --waxwing] URL FILE…
// Cases without a single answer are recorded; all others are compared.
// Steps of administration are performed by the management API at MANAGEMENT_URL.
import { readFileSync } from 'node:fs';
import { administerAt } from '../../support/transcripts/management-commands.ts';
import { Player } from '../../support/transcripts/player.ts';
import { type Case, mark, parseTranscripts } from '../../support/transcripts/transcript.ts';

const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const [url = '', ...files] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const who = options.includes('--waxwing') ? 'waxwing' : 'rabbitmq';

function printCase({ title, comments, steps }: Case, answers: readonly string[][]): string {
  const lines = [`# ${title}`, ...comments.map((text) => `; ${text}`)];
  for (const [at, step] of steps.entries()) {
    const part = step.isPart ? ' &' : '';
    lines.push(mark(step.connection, step.channel, '>', step.text + part), ...(answers[at] ?? []));
  }
  return `${lines.join('\n')}\n`;
}

function compare({ title, steps }: Case, answers: readonly string[][]): void {
  for (const [at, step] of steps.entries()) {
    const expected = step.expected[who].join('\n');
    const found = answers[at]?.join('\n') ?? '';
    if (found === expected) continue;
    console.error(`# ${title}\n> ${step.text}\nexpected:\n${expected}\nfound:\n${found}\n`);
    process.exitCode = 1;
  }
}

/** Milliseconds after which a change of RabbitMQ has its effect. */
const effectMs = 500;
const administer = administerAt(process.env['MANAGEMENT_URL'] ?? 'http://localhost', effectMs);

for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const player = new Player({ url }, Number(process.env['QUIET_MS'] ?? 100), administer);
  for (const each of parseTranscripts(text)) {
    const isNew = each.steps.every(({ expected }) => expected[who].length === 0);
    const answers = await player.play(each, who);
    if (!isNew) compare(each, answers);
    else console.log(printCase(each, answers));
  }
}
