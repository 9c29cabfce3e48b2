import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { generateAmqp091Methods } from './gen-amqp091.ts';

/** Every generated file and what makes it. */
const generated: readonly { path: string; make: () => string }[] = [
  { path: 'src/protocols/amqp091/codec/methods.gen.ts', make: generateAmqp091Methods },
];

/** The text as the formatter leaves it, so that generated code reads like the rest. */
function format(path: string, text: string): string {
  return execFileSync('node_modules/.bin/biome', ['format', `--stdin-file-path=${path}`], {
    input: text,
    encoding: 'utf8',
  });
}

const isCheck = process.argv.includes('--check');
for (const { path, make } of generated) {
  const text = format(path, make());
  if (!isCheck) {
    writeFileSync(path, text);
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is not what its table makes; run: npm run gen`);
    process.exitCode = 1;
  }
}
