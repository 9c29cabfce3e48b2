// The console of a broker: the top, and the sign-in or the page of the address.

import type { SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import { Activity, type ReactNode } from 'react';
import { Frame, SignedOut } from '../parts/frame.tsx';
import { href, useRoute } from '../router.ts';
import { type Areas, pageOf, titleOf } from './areas.tsx';
import { PersonBar } from './person-bar.tsx';
import { usePage, useSession } from './session.ts';
import { SignInPage, type SignInProps } from './sign-in-page.tsx';
import { useIdleEnd } from './use-idle-end.ts';

interface PagesProps {
  readonly areas: Areas;
  /** What the navigation shows to the person. */
  readonly navigation: () => SideNavigationProps.Item[];
  /** What is shown above every page. */
  readonly banner?: ReactNode;
}

interface BrokerAppProps extends PagesProps, SignInProps {}

/** The console. */
export function BrokerApp({ signIn, hint, ...pages }: BrokerAppProps) {
  const session = useSession();
  const page = usePage();
  return (
    <>
      <div id="console-top">
        <PersonBar />
      </div>
      {session === undefined && (
        <SignedOut>
          <SignInPage signIn={signIn} hint={hint} />
        </SignedOut>
      )}
      {page && (
        <Activity key={page.number} mode={page.isHidden ? 'hidden' : 'visible'}>
          <SignedIn {...pages} />
        </Activity>
      )}
    </>
  );
}

function SignedIn({ areas, navigation, banner }: PagesProps) {
  const route = useRoute();
  const [area = 'overview'] = route.parts;
  useIdleEnd();
  return (
    <Frame
      title={titleOf(areas, route)}
      activeHref={href(area)}
      navigation={navigation()}
      banner={banner}
    >
      {pageOf(areas, route)}
    </Frame>
  );
}
