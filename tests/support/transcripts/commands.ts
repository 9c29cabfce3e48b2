// The form of the commands of rabbitmqctl.

/** Arguments of a command, and its options with their defaults. */
export interface Command {
  readonly args: readonly string[];
  readonly vhost: string;
  readonly priority: number;
  readonly applyTo: string;
}

/** Reads the words after the name of a command. */
export function readCommand(words: readonly string[]): Command {
  const args: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word.startsWith('-')) options.set(word, words[++i] ?? '');
    else args.push(word);
  }
  return {
    args,
    vhost: options.get('-p') ?? '/',
    priority: Number(options.get('--priority') ?? 0),
    applyTo: options.get('--apply-to') ?? 'all',
  };
}
