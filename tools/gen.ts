// Writes or checks all generated files.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { generateAmqp10Performatives } from './gen-amqp10.ts';
import { generateAmqp091Methods } from './gen-amqp091.ts';
import { generateApiReference } from './gen-api-reference.ts';
import { generateErrorReference } from './gen-errors.ts';
import { generateOpenWireCommands } from './gen-openwire.ts';
import { generateVolumeVectors } from './gen-volume-vectors.ts';

/** Formats generated code with the formatter. */
function format(path: string, text: string): string {
  return execFileSync('node_modules/.bin/biome', ['format', `--stdin-file-path=${path}`], {
    input: text,
    encoding: 'utf8',
  });
}

const methodsPath = 'src/protocols/amqp091/codec/methods.gen.ts';
const commandsPath = 'src/protocols/openwire/codec/commands.gen.ts';
const performativesPath = 'src/protocols/amqp10/codec/performatives.gen.ts';

/** All generated files. */
const generated: readonly { path: string; text: string }[] = [
  { path: methodsPath, text: format(methodsPath, generateAmqp091Methods()) },
  { path: commandsPath, text: format(commandsPath, generateOpenWireCommands()) },
  { path: performativesPath, text: format(performativesPath, generateAmqp10Performatives()) },
  ...(await generateVolumeVectors()),
  { path: 'docs/reference/api.md', text: await generateApiReference() },
  { path: 'docs/reference/errors.md', text: await generateErrorReference() },
];

const isCheck = process.argv.includes('--check');
for (const { path, text } of generated) {
  if (!isCheck) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is not what its table or tool makes; run: npm run gen`);
    process.exitCode = 1;
  }
}
