// From the text of a policy to the form in which it is evaluated.

import { IdentityError } from '../errors.ts';
import { repeatedName } from '../json-names.ts';
import type {
  CompiledPolicy,
  CompiledStatement,
  PolicyKind,
  PolicySource,
} from './compiled-policy.ts';
import { malformed } from './malformed.ts';
import { statementSpans } from './statement-positions.ts';
import { compileStatement, isObject, refuseOthers } from './statements.ts';

/** Maximum length of a document, characters. */
const documentCharactersMax = 131_072;
/**
 * Maximum length of a document without whitespace, characters: that of a key policy, the longest
 * document that a service stores. Compiling it takes about 20 ms.
 */
const contentCharactersMax = 32_768;

const versions = ['2012-10-17', '2008-10-17'];

const noSource: PolicySource = { id: '', type: 'none' };

/**
 * Compiles a policy document.
 *
 * @param text a JSON document
 * @param kind what the policy is attached to, which decides its grammar
 * @param source the name of the policy in the answers of simulations
 * @throws {IdentityError} 'malformed-policy'; the message says what was found and what is allowed
 */
export function compilePolicy(
  text: string,
  kind: PolicyKind,
  source: PolicySource = noSource,
): CompiledPolicy {
  return compile(text, kind, source, false);
}

function compile(
  text: string,
  kind: PolicyKind,
  source: PolicySource,
  isTolerant: boolean,
): CompiledPolicy {
  const document = parsed(text);
  refuseOthers(document, ['Version', 'Id', 'Statement'], 'The policy');
  const version = document['Version'] ?? '2008-10-17';
  if (typeof version !== 'string' || !versions.includes(version)) {
    throw malformed(
      `The policy has the Version ${JSON.stringify(version).slice(0, 64)}; ${versions.join(' and ')} are allowed.`,
    );
  }
  if (document['Id'] !== undefined && typeof document['Id'] !== 'string') {
    throw malformed('The Id of the policy is not a string.');
  }
  if (document['Statement'] === undefined) throw malformed('The policy has no Statement.');
  const listed: unknown = document['Statement'];
  const values: unknown[] = Array.isArray(listed) ? listed : [listed];
  if (values.length === 0) throw malformed('The policy has no statement.');
  const spans = statementSpans(text);
  const reading = { hasVariables: version === '2012-10-17', isTolerant };
  const statements = values.map((value, index) => {
    const { start, end } = spans[index] ?? { start: origin, end: origin };
    return { ...compileStatement(value, kind, reading), index, start, end };
  });
  if (kind !== 'resource') refuseRepeatedSids(statements);
  return compiled(kind, source, statements, undefined);
}

/**
 * Compiles a policy that is already stored. A document that is not valid gives a policy that denies
 * everything, because what it was to deny is not known.
 */
export function compileStored(
  text: string,
  kind: PolicyKind,
  source: PolicySource = noSource,
): CompiledPolicy {
  try {
    // Key policies were stored before the values of their conditions were checked.
    return compile(text, kind, source, kind === 'resource');
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    return compiled(kind, source, [], error.message);
  }
}

const origin = { line: 1, column: 1 };

function compiled(
  kind: PolicyKind,
  source: PolicySource,
  statements: readonly CompiledStatement[],
  broken: string | undefined,
): CompiledPolicy {
  const denies = statements.filter(({ effect }) => effect === 'Deny');
  const allows = statements.filter(({ effect }) => effect === 'Allow');
  return { kind, source, statements, denies, allows, broken };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  if (text.length > documentCharactersMax) {
    throw malformed(
      `The policy has ${text.length} characters; ${documentCharactersMax} are allowed.`,
    );
  }
  const contentLength = text.replace(/\s/g, '').length;
  if (contentLength > contentCharactersMax) {
    throw malformed(
      `The policy has ${contentLength} characters without whitespace; ${contentCharactersMax} are allowed.`,
    );
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed('The policy is not valid JSON.');
  }
  // Readers could take the first of two members with the same name, while the last one applies.
  const twice = repeatedName(text);
  if (twice !== undefined) {
    throw malformed(`The policy has an object with two members named ${twice.slice(0, 64)}.`);
  }
  if (!isObject(document)) throw malformed('The policy is not a JSON object.');
  return document;
}

function refuseRepeatedSids(statements: readonly CompiledStatement[]): void {
  const seen = new Set<string>();
  for (const { sid } of statements) {
    if (sid === undefined || sid === '') continue;
    if (seen.has(sid)) {
      throw malformed(
        `Two statements have the Sid ${sid.slice(0, 64)}. Statement IDs (SID) in a single policy must be unique.`,
      );
    }
    seen.add(sid);
  }
}
