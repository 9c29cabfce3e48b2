// The frame of all pages: the top, the navigation, messages and the page.

import AppLayout from '@cloudscape-design/components/app-layout-toolbar';
import Flashbar from '@cloudscape-design/components/flashbar';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import Spinner from '@cloudscape-design/components/spinner';
import { Suspense, useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { dismiss, useNotices } from './notices.ts';
import { areas, pageOf, titleOf } from './pages.tsx';
import { href, useRoute } from './router.ts';
import { useSession } from './session/session.ts';
import { SignInPage } from './session/sign-in-page.tsx';
import { TopBar } from './session/top-bar.tsx';

/** The console. */
export function App() {
  const session = useSession();
  return (
    <>
      <div id="console-top">
        <TopBar />
      </div>
      {session === undefined ? <SignedOut /> : <SignedIn key={session.accessKeyId} />}
    </>
  );
}

function Notices() {
  const items = useNotices().map(({ id, type, text }) => ({
    id,
    type,
    content: text,
    dismissible: true,
    dismissLabel: 'Close the message',
    onDismiss: () => dismiss(id),
  }));
  return <Flashbar items={items} />;
}

function SignedOut() {
  useEffect(() => {
    document.title = 'Sign in – Waxwing';
  }, []);
  return (
    <main>
      <Notices />
      <SignInPage />
    </main>
  );
}

function SignedIn() {
  const route = useRoute();
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    // A printed page has no navigation, nor room for it.
    const close = () => flushSync(() => setOpen(false));
    addEventListener('beforeprint', close);
    return () => removeEventListener('beforeprint', close);
  }, []);
  const [area = areas[0]?.path ?? ''] = route.parts;
  const title = titleOf(route);
  useEffect(() => {
    document.title = `${title} – Waxwing`;
  }, [title]);
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
      notifications={<Notices />}
      navigation={
        <SideNavigation
          activeHref={href(area)}
          items={areas.map(({ path, name }) => ({ type: 'link', text: name, href: href(path) }))}
        />
      }
      content={<Suspense fallback={<Spinner size="large" />}>{pageOf(route)}</Suspense>}
    />
  );
}
