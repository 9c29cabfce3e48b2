/** What is valid for a member, and its TypeScript type. */
export interface Shape<T> {
  readonly parse: (value: unknown, path: string) => T;
}
