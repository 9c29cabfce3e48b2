// The way past the bar and the navigation, for people who use the keyboard (WCAG 2.2, 2.4.1).

import type { MouseEvent, ReactNode } from 'react';

const contentId = 'console-content';

/** The first link of every page, seen while it has the focus. It leads to the {@link Content}. */
export function SkipLink() {
  // What is behind # names the page, which stays.
  const skip = (event: MouseEvent) => {
    event.preventDefault();
    document.getElementById(contentId)?.focus();
  };
  return (
    <a className="console-skip" href={`#${contentId}`} onClick={skip}>
      Skip to the content
    </a>
  );
}

/** What a page is about. */
export function Content({ children }: { readonly children: ReactNode }) {
  return (
    <div id={contentId} tabIndex={-1}>
      {children}
    </div>
  );
}
