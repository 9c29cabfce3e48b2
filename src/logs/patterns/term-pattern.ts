// Filter patterns of terms: `ERROR -"timed out" ?a ?b %regex%`.

import { invalidPattern, type PatternScanner } from './pattern-scanner.ts';

type Test = (text: string) => boolean;

/** Compiles a pattern of terms. Without terms, it matches every line. */
export function termPattern(scanner: PatternScanner): Test {
  const required: Test[] = [];
  const excluded: Test[] = [];
  const optional: Test[] = [];
  for (scanner.space(); !scanner.isAtEnd; scanner.space()) {
    if (scanner.skip('-')) excluded.push(term(scanner));
    else if (scanner.skip('?')) optional.push(term(scanner));
    else required.push(term(scanner));
  }
  return (text) => {
    if (excluded.some((test) => test(text))) return false;
    // As in CloudWatch Logs, optional terms have no effect beside required ones.
    if (required.length > 0) return required.every((test) => test(text));
    return optional.length === 0 || optional.some((test) => test(text));
  };
}

function term(scanner: PatternScanner): Test {
  if (scanner.next === '%') {
    const engine = scanner.regex();
    return (text) => engine.test(text);
  }
  if (scanner.next === '"') {
    const phrase = scanner.quoted('"');
    if (phrase === '') throw invalidPattern('an empty term');
    return (text) => text.includes(phrase);
  }
  const word = scanner.take(/[^\s]/);
  if (word === '') throw invalidPattern('an empty term');
  if (!/^[\p{L}\p{N}_]+$/u.test(word)) {
    const why = `Invalid character(s) in term '${word}'`;
    throw invalidPattern(
      `${why}: terms with other characters than letters, digits and _ are quoted`,
    );
  }
  return (text) => text.includes(word);
}
