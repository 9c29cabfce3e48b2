// The process that started this one in FIPS mode, and passes signals to it.

/** Ends this process if the one that started it ends; see `run-with-fips.ts`. */
export function endWithStarter(): void {
  if (process.send === undefined) return; // started by hand, with the provider
  if (!process.connected) exit();
  process.on('disconnect', exit);
  // The channel must not keep a command running.
  process.channel?.unref();
}

/** Stops the service cleanly instead. */
export function stopWithStarter(stop: () => void): void {
  if (process.send === undefined) return;
  if (!process.connected) stop();
  process.off('disconnect', exit);
  process.on('disconnect', stop);
}

function exit(): void {
  process.exit(1);
}
