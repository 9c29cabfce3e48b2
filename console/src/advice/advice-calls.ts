// Calls for the advice on data protection.

import { callAdministration } from '../aws/administration.ts';

/** A deviation from the advice, as the service reports it. */
export interface Finding {
  readonly check: string;
  readonly subject: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** A part of the advice: the service examines 200 subjects in a call. */
export interface Advice {
  readonly findings: readonly Finding[];
  readonly nextToken?: string;
}

/** Maximum number of calls for one list. */
export const adviceCallCountMax = 100;

/** Asks for a part of the advice. */
export async function askAdvice(token: string | undefined): Promise<Advice> {
  const input = token === undefined ? {} : { nextToken: token };
  return await callAdministration<Advice>('/waxwing/v1/advice', input);
}
