// The console of a broker: the top, and the sign-in or the page of the address.

import { Frame, SignedOut } from '../parts/frame.tsx';
import { href, useRoute } from '../router.ts';
import { Alarms } from './overview/alarms.tsx';
import { navigation, pageOf, titleOf } from './pages.tsx';
import { PersonBar } from './session/person-bar.tsx';
import { useSession } from './session/session.ts';
import { SignInPage } from './session/sign-in-page.tsx';
import { useIdleEnd } from './session/use-idle-end.ts';

/** The console. */
export function App() {
  const session = useSession();
  return (
    <>
      <div id="console-top">
        <PersonBar />
      </div>
      {session === undefined ? (
        <SignedOut>
          <SignInPage />
        </SignedOut>
      ) : (
        <SignedIn key={session.name} />
      )}
    </>
  );
}

function SignedIn() {
  const route = useRoute();
  const [area = 'overview'] = route.parts;
  useIdleEnd();
  return (
    <Frame
      title={titleOf(route)}
      activeHref={href(area)}
      navigation={navigation()}
      banner={<Alarms />}
    >
      {pageOf(route)}
    </Frame>
  );
}
