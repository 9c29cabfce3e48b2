// Texts of other people that may be very long.

interface PrintedTextProps {
  /** A text whose invisible characters are shown already. */
  readonly text: string;
}

/** Length of a text that may need a box of its own, characters. */
const longLength = 500;

/** A text with its line ends; a long one in a box that scrolls, so that the page stays short. */
export function PrintedText({ text }: PrintedTextProps) {
  const isLong = text.length > longLength;
  return (
    // What scrolls must be reachable with the keyboard.
    <pre
      className={isLong ? 'console-code console-payload' : 'console-code'}
      {...(isLong && { tabIndex: 0 })}
    >
      {text}
    </pre>
  );
}
