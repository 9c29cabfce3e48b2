// Reading ahead of the use of what is read.

/** Number of reads at a time. */
const readsMax = 16;

/**
 * Loads items ahead of their use, and yields the results in the order of the items. A log with many
 * small segments then does not wait for one read after the other.
 *
 * @throws what loading an item throws, once the items before it were used
 */
export async function* ahead<Item, Loaded>(
  items: readonly Item[],
  load: (item: Item) => Promise<Loaded>,
): AsyncGenerator<Loaded> {
  const loading: Promise<Loaded>[] = [];
  let next = 0;
  try {
    for (;;) {
      for (; next < items.length && loading.length < readsMax; next++) {
        const one = load(items[next] as Item); // `next` is below the length
        // The error is thrown when it is the item's turn.
        one.catch(() => {});
        loading.push(one);
      }
      const first = loading.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    // Nothing may read any more when the caller closes the files.
    await Promise.allSettled(loading);
  }
}
