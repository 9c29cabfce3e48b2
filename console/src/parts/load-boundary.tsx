// What is shown if a page fails, or its code cannot be loaded.

import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Component, type ReactNode } from 'react';

interface Props {
  readonly children: ReactNode;
}

/**
 * Shows an error in place of a page that fails. The code of a page is loaded when it is opened: browsers end
 * such requests if the network of the machine changes, and do not repeat them.
 */
export class LoadBoundary extends Component<Props, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <SpaceBetween size="m">
        <Header variant="h1">This page could not be shown</Header>
        <Alert
          type="error"
          action={<Button onClick={() => location.reload()}>Load the console again</Button>}
        >
          The connection may have been interrupted.
        </Alert>
      </SpaceBetween>
    );
  }
}
