// Questions on the terminal.

import { createInterface, type Interface } from 'node:readline';
import { CliError } from '../errors.ts';

/** Maximum length of an answer, characters. */
const answerCharactersMax = 1024;

const interrupt = '\u0003';
const deletions = ['\u0008', '\u007f'];
/** The exit code of a program that Ctrl-C ended. */
const interruptedCode = 130;

/** Asks questions on standard error and reads answers, one a line, from standard input. */
export class Prompts {
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    // Not as a terminal: its driver shows and edits what is typed.
    this.#lines = createInterface({ input: process.stdin, terminal: false });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @throws {CliError} `input-ended`, `input-invalid` */
  async line(question: string): Promise<string> {
    process.stderr.write(question);
    const { done, value = '' } = await this.#answers.next();
    if (done) throw new CliError('input-ended', 'standard input ended before the answer');
    if (value.length <= answerCharactersMax) return value;
    const found = `the answer has ${value.length} characters`;
    throw new CliError('input-invalid', `${found}; at most ${answerCharactersMax} are allowed`);
  }

  /** Asks for a secret, which a terminal does not show. */
  async secret(question: string): Promise<string> {
    const { stdin } = process;
    if (!stdin.isTTY) return this.line(question);
    const interrupted = (bytes: Buffer | string) => {
      if (!bytes.toString().includes(interrupt)) return;
      stdin.setRawMode(false);
      process.exit(interruptedCode);
    };
    stdin.setRawMode(true);
    stdin.on('data', interrupted);
    try {
      return edited(await this.line(question));
    } finally {
      stdin.off('data', interrupted);
      stdin.setRawMode(false);
      process.stderr.write('\n');
    }
  }

  close(): void {
    this.#lines.close();
    process.stdin.unref?.();
  }
}

/** Applies the deletions of a line that was typed without the editing of a terminal. */
function edited(typed: string): string {
  const kept: string[] = [];
  for (const character of typed) {
    if (deletions.includes(character)) kept.pop();
    else kept.push(character);
  }
  return kept.join('');
}
