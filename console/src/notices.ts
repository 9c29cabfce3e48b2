// Messages to the person, which stay on every page until they are closed.

import { useSyncExternalStore } from 'react';

/** A message. */
export interface Notice {
  readonly id: string;
  readonly type: 'success' | 'warning' | 'error' | 'info';
  readonly text: string;
}

/** Maximum number of messages that are shown; the oldest one goes first. */
const noticeCountMax = 5;

let notices: readonly Notice[] = [];
let count = 0;
const listeners = new Set<() => void>();

function set(next: readonly Notice[]): void {
  notices = next;
  for (const each of [...listeners]) each();
}

/**
 * Shows a message. It replaces one with the same text, and a success replaces the earlier success: the
 * messages would fill a small screen.
 */
export function notify(type: Notice['type'], text: string): void {
  count += 1;
  const isReplaced = (each: Notice) =>
    each.text === text || (type === 'success' && each.type === 'success');
  const others = notices.filter((each) => !isReplaced(each));
  set([{ id: String(count), type, text }, ...others].slice(0, noticeCountMax));
}

/** Removes a message, or all of them. */
export function dismiss(id?: string): void {
  set(id === undefined ? [] : notices.filter((each) => each.id !== id));
}

/** The messages, the newest first. */
export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
}
