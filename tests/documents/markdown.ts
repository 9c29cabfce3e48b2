// The Markdown files of the repository.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));

const withoutPages = new Set(['node_modules', 'dist', 'waxwing-data']);

/** The paths of all Markdown files in a folder of the repository, and in the folders below it. */
export function pagesIn(folder = ''): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || withoutPages.has(path)) return [];
    if (entry.isDirectory()) return pagesIn(path);
    return path.endsWith('.md') ? [path] : [];
  });
}

/** A fenced block. */
export interface Block {
  /** The line of its opening fence, from 1. */
  readonly line: number;
  /** What stands behind the opening fence: `sh`. */
  readonly language: string;
  readonly text: string;
  /** The comments on the lines right above it, such as `<!-- needs: php -->`, without brackets. */
  readonly marks: readonly string[];
}

/** A page, in its parts. */
export interface Page {
  readonly blocks: readonly Block[];
  /** Its lines outside of blocks; lines of blocks are empty. */
  readonly lines: readonly string[];
}

/** Reads a page. */
export function readPage(path: string): Page {
  const lines = readFileSync(join(repository, path), 'utf8').split('\n');
  const blocks: Block[] = [];
  const outside = [...lines];
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = '', language] = /^( *)```(.*)$/.exec(lines[at] ?? '') ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf(`${indent}\`\`\``, at + 1);
    if (end < 0) throw new Error(`${path}:${at + 1}: the block has no end`);
    const text = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ line: at + 1, language, text: text.join('\n'), marks: marksAbove(lines, at) });
    outside.fill('', at, end + 1);
    at = end;
  }
  return { blocks, lines: outside };
}

function marksAbove(lines: readonly string[], at: number): string[] {
  const marks: string[] = [];
  for (let above = at - 1; above >= 0; above -= 1) {
    const [, mark] = /^ *<!-- (.+) -->$/.exec(lines[above] ?? '') ?? [];
    if (mark === undefined) break;
    marks.unshift(mark);
  }
  return marks;
}
