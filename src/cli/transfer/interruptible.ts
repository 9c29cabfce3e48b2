// Signals that end a move after the messages in flight.

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal ends the move after the messages in flight. A second one ends the process. */
export function interruptible() {
  const controller = new AbortController();
  const noticed = () => {
    end();
    controller.abort();
  };
  const end = () => {
    for (const name of signals) process.off(name, noticed);
  };
  for (const name of signals) process.once(name, noticed);
  return { signal: controller.signal, end };
}
