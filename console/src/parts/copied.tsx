// Values that people copy.

import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';

/** Shows a value with a button that copies it. */
export function Copied({ value, what }: { readonly value: string; readonly what: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={value}
      copyButtonAriaLabel={`Copy the ${what}`}
      copySuccessText="Copied"
      copyErrorText="The browser did not copy it"
    />
  );
}
