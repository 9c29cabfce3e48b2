import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { transform } from 'esbuild';
import { whyNotAws } from './aws-commands.ts';
import { argumentsFor, commandsOf, unknown } from './command-lines.ts';
import { readPage } from './markdown.ts';
import { userPages } from './pages.ts';
import { markOf } from './snippets.ts';
import { whyNotWaxwing } from './waxwing-commands.ts';

// The commands of all shell snippets exist, also of those that a short run, or no run, executes.

const snippets = userPages.flatMap((page) =>
  readPage(page)
    .blocks.filter(({ language }) => language === 'sh')
    .map(({ line, text }) => ({ where: `${page}:${line}`, text })),
);

/** What is wrong with the commands of a snippet. */
function problemsOf(text: string): string[] {
  return commandsOf(text).flatMap((command) => {
    const ours = argumentsFor(['waxwing', 'waxwing.mjs'], command);
    const aws = ours === undefined ? argumentsFor(['aws'], command) : argumentsOfAws(ours);
    const problem = (ours && whyNotWaxwing(ours)) ?? (aws && whyNotAws(aws));
    return problem === undefined ? [] : [`${command.words.join(' ')}: ${problem}`];
  });
}

/** `waxwing aws` passes its arguments on. */
const argumentsOfAws = ([name, ...rest]: readonly string[]) => (name === 'aws' ? rest : undefined);

test('bash can read every snippet', () => {
  const script = snippets.map(({ where, text }) => `try '${where}' <<'${end}'\n${text}\n${end}\n`);
  const start = 'try() { bash -n || echo "$1"; }\n';
  const options = { input: start + script.join(''), encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync('bash', ['-s'], options);
  assert.deepEqual([stdout, stderr], ['', '']);
});
const end = 'END OF A SNIPPET';

test('every command of `waxwing` and of the AWS CLI in a snippet exists, and gets what it needs', () => {
  const wrong = snippets.flatMap(({ where, text }) =>
    problemsOf(text).map((problem) => `${where}: ${problem}`),
  );
  assert.deepEqual(wrong, []);
});

test('programs in JavaScript that nothing runs can be read', async () => {
  const blocks = userPages
    .flatMap((page) => readPage(page).blocks)
    .filter((block) => block.language === 'js' && markOf(block, 'not run') !== undefined);
  assert.ok(blocks.length > 0);
  for (const { text } of blocks) await transform(text, { loader: 'js', format: 'esm' });
  await assert.rejects(transform('const = 1', { loader: 'js', logLevel: 'silent' }), /Expected/);
});

test('wrong commands are found, wherever they stand', () => {
  for (const [text, problem] of [
    ['waxwing stats', "waxwing stats: error: unknown command 'stats'"],
    ['X=$(sudo waxwing serve --prot 1)', "error: unknown option '--prot'"],
    ['f() { bin/waxwing.mjs check; }', "error: missing required argument 'dir'"],
    ['waxwing serve --api-port $PORT --amqps-port x', "argument 'x' is invalid"],
    ['docker exec w /nodejs/bin/node /waxwing/bin/waxwing.mjs backup', "argument 'names'"],
    ['waxwing serve --acme-email you@example.com', '--acme-email is set, but --acme-directory'],
    ['aws mq list-brokerz', "no command 'mq list-brokerz'"],
    ['waxwing aws kms describe-key', 'kms describe-key lacks --key-id'],
    ['echo "$(aws mq reboot-broker --broker-id a b)"', '--broker-id with 2 values: a b'],
    ['if true; then aws kms create-key --descripton x; fi', 'kms create-key has no --descripton'],
    ['aws mq list-brokers > file | aws s3 ls', "no command 's3 ls'"],
  ] as const) {
    const found = problemsOf(text);
    assert.equal(found.length, 1, text);
    assert.ok(found[0]?.includes(problem), `${text}: ${found[0]}`);
  }
  for (const right of [
    'waxwing status --json; aws --profile a mq list-brokers --max-items 3 --output text',
    'docker run --name waxwing -v waxwing:/data registry/waxwing',
    'aws iam create-open-id-connect-provider --url https://a.example --client-id-list a b',
    'waxwing() { docker exec waxwing /waxwing/bin/waxwing.mjs "$@"; }',
    'aws mq create-broker --broker-name proof $quietly --storage-type EFS',
    `aws kms create-key --description ${unknown} --no-multi-region`,
  ]) {
    assert.deepEqual(problemsOf(right), [], right);
  }
  assert.throws(() => commandsOf('if true; then'), /no valid shell script/);
});
