// Long texts of clients in lists.

import { listedLengthMax } from '../limits.ts';

/** A text of a client as a list shows it: a page of long ones would be built in one turn. */
export function cut(text: string): string {
  return text.length <= listedLengthMax ? text : `${text.slice(0, listedLengthMax)}...`;
}
