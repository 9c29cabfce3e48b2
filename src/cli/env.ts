import { resolve } from 'node:path';
import { askEnvironment } from '../server/environment.ts';

/** Prints what a client needs, as lines that a shell understands. */
export async function printEnvironment({ data }: { readonly data: string }): Promise<void> {
  const environment = await askEnvironment(resolve(data));
  for (const [name, value] of Object.entries(environment)) {
    console.log(`export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`);
  }
}
