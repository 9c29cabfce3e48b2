// Deletions that consist of several calls.

/**
 * One of several deletions, of which the first refusal is the last one.
 *
 * @param what what is deleted, as the beginning of a sentence
 * @throws {Error} with the name that the service gave the refusal. It says what is left, which the service
 *   does not know
 */
export async function deletionStep(what: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (cause) {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    const told = `${what} could not be deleted, and nothing after it was: ${message}`;
    throw Object.assign(new Error(told, { cause }), { name });
  }
}
