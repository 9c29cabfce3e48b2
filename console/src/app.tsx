// The console of the service: the top, and the sign-in or the page of the address.

import { Activity } from 'react';
import { areas, pageOf, titleOf } from './pages.tsx';
import { Frame, SignedOut } from './parts/frame.tsx';
import { href, useRoute } from './router.ts';
import { usePage, useSession } from './session/session.ts';
import { SignInPage } from './session/sign-in-page.tsx';
import { TopBar } from './session/top-bar.tsx';

/** The console. */
export function App() {
  const session = useSession();
  const page = usePage();
  return (
    <>
      <div id="console-top">
        <TopBar />
      </div>
      {session === undefined && (
        <SignedOut>
          <SignInPage />
        </SignedOut>
      )}
      {page && (
        <Activity key={page.number} mode={page.isHidden ? 'hidden' : 'visible'}>
          <SignedIn />
        </Activity>
      )}
    </>
  );
}

function SignedIn() {
  const route = useRoute();
  const [area = areas[0]?.path ?? ''] = route.parts;
  return (
    <Frame
      title={titleOf(route)}
      activeHref={href(area)}
      navigation={areas.map(({ path, name }) => ({ type: 'link', text: name, href: href(path) }))}
    >
      {pageOf(route)}
    </Frame>
  );
}
