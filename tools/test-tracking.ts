// Loaded into each test program by `npm test`. To know which test an action belongs to, Node's test runner
// follows each promise from its creation until it is collected, with an asynchronous hook: a quarter of the
// processor time of tests that make many. Programs need that only while they register their tests, so
// they end it with `testsAreRegistered`.

import { createRequire } from 'node:module';

/** What the test runner uses. An `import` would be a copy of the names. */
const hooks: typeof import('node:async_hooks') = createRequire(import.meta.url)('node:async_hooks');
const { createHook } = hooks;

/** The name of the function among the global ones. Programs of groups are generated, and import nothing. */
export const registeredSymbol = 'waxwing.testsAreRegistered';

/** The beginning of what is said of an error, which the reporter of failures repeats. */
export const uncaughtText = 'No test has caught this error, and the program fails:';

/** The runner, which cannot know the test any more, would say neither where the error was made. */
function sayUncaught(error: unknown): void {
  console.error(uncaughtText, error);
}

if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  hooks.createHook = (callbacks) => {
    hooks.createHook = createHook;
    const hook = createHook(callbacks);
    Object.assign(globalThis, {
      [Symbol.for(registeredSymbol)]: () => {
        hook.disable();
        process.prependListener('uncaughtException', sayUncaught);
        process.prependListener('unhandledRejection', sayUncaught);
      },
    });
    return hook;
  };
}
