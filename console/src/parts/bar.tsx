// The bar at the top: the name, the colours, and the person.

import TopNavigation, {
  type TopNavigationProps,
} from '@cloudscape-design/components/top-navigation';
import { toggleDarkMode, useDarkMode } from '../dark-mode.ts';
import { SkipLink } from './skip-link.tsx';

interface BarProps {
  /** The menu of the person who is signed in. */
  readonly person: TopNavigationProps.MenuDropdownUtility | undefined;
  readonly title?: string;
}

/** The bar at the top. */
export function Bar({ person, title = 'Waxwing' }: BarProps) {
  const isDark = useDarkMode();
  const colours: TopNavigationProps.ButtonUtility = {
    type: 'button',
    text: isDark ? 'Light' : 'Dark',
    title: isDark ? 'Light colours' : 'Dark colours',
    onClick: toggleDarkMode,
  };
  return (
    <>
      <SkipLink />
      <TopNavigation
        identity={{ href: '#/', title }}
        utilities={person ? [colours, person] : [colours]}
      />
    </>
  );
}
