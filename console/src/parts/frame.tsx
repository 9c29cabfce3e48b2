// The frame of all pages: the navigation, messages and the page.

import AppLayout from '@cloudscape-design/components/app-layout-toolbar';
import Flashbar from '@cloudscape-design/components/flashbar';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SideNavigation, {
  type SideNavigationProps,
} from '@cloudscape-design/components/side-navigation';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { type ReactNode, Suspense, useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { dismiss, useNotices } from '../notices.ts';
import { LoadBoundary } from './load-boundary.tsx';
import { Content } from './skip-link.tsx';
import { StoredText } from './stored-text.tsx';

/** The messages to the person. */
export function Notices() {
  const items = useNotices().map(({ id, type, text }) => ({
    id,
    type,
    content: <StoredText text={text} hasLines />,
    dismissible: true,
    dismissLabel: 'Close the message',
    onDismiss: () => dismiss(id),
  }));
  return <Flashbar items={items} />;
}

/** Names the page in the browser. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Waxwing`;
  }, [title]);
}

/** A page before the sign-in. */
export function SignedOut({ children }: { readonly children: ReactNode }) {
  useTitle('Sign in');
  return (
    <main>
      <Notices />
      <Content>{children}</Content>
    </main>
  );
}

/**
 * A page whose code is loaded first. It needs a key: React would otherwise hide the page before it, whose
 * plots fail if the pointer was there.
 */
export function Loaded({ children }: { readonly children: ReactNode }) {
  return (
    <LoadBoundary>
      <Suspense fallback={<Spinner size="large" />}>{children}</Suspense>
    </LoadBoundary>
  );
}

/** A page of an address that has none. */
export function NoSuchPage() {
  return (
    <SpaceBetween size="m">
      <Header variant="h1">There is no such page</Header>
      <Link href="#/">To the first page</Link>
    </SpaceBetween>
  );
}

/** Windows that have room for either the navigation or the page: Cloudscape's breakpoint of narrow screens. */
const narrow = '(max-width: 688px)';

interface FrameProps {
  readonly title: string;
  readonly activeHref: string;
  readonly navigation: readonly SideNavigationProps.Item[];
  /** What is shown above the page, besides messages. */
  readonly banner?: ReactNode;
  readonly children: ReactNode;
}

/** A page of a person who is signed in. */
export function Frame({ title, activeHref, navigation, banner, children }: FrameProps) {
  // An open navigation hides the page of a narrow window, until the layout has seen how wide it is.
  const [isOpen, setOpen] = useState(() => !matchMedia(narrow).matches);
  useEffect(() => {
    // A printed page has no navigation, nor room for it.
    const close = () => flushSync(() => setOpen(false));
    addEventListener('beforeprint', close);
    return () => removeEventListener('beforeprint', close);
  }, []);
  useTitle(title);
  return (
    <AppLayout
      headerSelector="#console-top"
      toolsHide
      navigationOpen={isOpen}
      onNavigationChange={({ detail }) => setOpen(detail.open)}
      ariaLabels={{
        navigation: 'Navigation',
        navigationClose: 'Close the navigation',
        navigationToggle: 'Open the navigation',
        notifications: 'Messages',
      }}
      notifications={
        <>
          {banner}
          <Notices />
        </>
      }
      navigation={<SideNavigation activeHref={activeHref} items={navigation} />}
      content={<Content>{children}</Content>}
    />
  );
}
