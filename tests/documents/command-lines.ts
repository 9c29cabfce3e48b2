// The simple commands of a shell snippet, found without running it.

import { forEachChild, parse, type SyntaxNode, type Word, type WordPart } from 'unbash';

/**
 * Stands in a word for what only the shell knows: the value of a variable, the output of a command. It is
 * no character that documents contain.
 */
export const unknown = '\u0000';

/** Stands for all arguments of a function, and for a variable without quotation marks: any number of words. */
export const several = '\u0001';

/** Whether an argument is only known to the shell. The value of an option without one is no text. */
export const isUnknown = (value: unknown): boolean =>
  typeof value === 'string' && [unknown, several].some((each) => value.includes(each));

/** A simple command: the program and its arguments, without quotation marks. */
export interface CommandLine {
  readonly words: readonly string[];
}

/**
 * Lists the simple commands of a snippet, also those within functions, substitutions and conditions.
 *
 * @throws {Error} if the text is no valid shell script
 */
export function commandsOf(text: string): CommandLine[] {
  const script = parse(text);
  const found: CommandLine[] = [];
  const visit = (node: SyntaxNode): void => {
    if ('errors' in node && node.errors && node.errors.length > 0) {
      throw new Error(`no valid shell script: ${JSON.stringify(node.errors)}`);
    }
    if (node.type === 'Command' && node.name !== undefined) {
      const rest = node.args.map((each) => (each.type === 'Word' ? textOf(each) : each.text));
      found.push({ words: [textOf(node.name), ...rest] });
    }
    forEachChild(node, visit);
  };
  visit(script);
  return found;
}

function textOf(word: Word): string {
  const [first, second] = word.parts ?? [];
  if (second === undefined && first?.type === 'SimpleExpansion') return several;
  if (/^"\$(@|\{@:\d+\})"$/.test(word.text)) return several;
  return word.parts === undefined ? word.value : word.parts.map(partOf).join('');
}

/** What a part of a word becomes; expansions are not known. */
function partOf(part: WordPart): string {
  if (part.type === 'DoubleQuoted') return part.parts.map(partOf).join('');
  return 'value' in part && typeof part.value === 'string' ? part.value : unknown;
}

/** Programs that run another one: their options are skipped, and it is looked for behind them. */
const wrappers = new Set(['sudo', 'exec', 'env', 'time', 'npx', 'node', '/nodejs/bin/node']);

/**
 * The arguments of a program in a command, which may be the file of the program, or what another program
 * runs, as `docker exec` does.
 *
 * @param names the names of the program, and of its file
 * @returns undefined if the command does not run it
 */
export function argumentsFor(
  names: readonly string[],
  { words }: CommandLine,
): readonly string[] | undefined {
  const isIt = (word: string) => names.includes(word.split('/').at(-1) ?? '');
  const first = words.findIndex((word) => !wrappers.has(word) && !/^(-|\w+=)/.test(word));
  if (isIt(words[first] ?? '')) return words.slice(first + 1);
  const file = words.findIndex((word) => word.endsWith('.mjs') && isIt(word));
  return file < 0 ? undefined : words.slice(file + 1);
}
