// Times, in the person's own zone, with the exact one in a tooltip and for machines.

const format = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
});

/** A time as text. */
export function timeText(time: Date | string | undefined): string {
  if (time === undefined) return '–';
  return format.format(typeof time === 'string' ? new Date(time) : time);
}

/** Shows a time. */
export function Time({ at }: { readonly at: Date | undefined }) {
  if (at === undefined) return <>–</>;
  const exact = at.toISOString();
  return (
    <time dateTime={exact} title={exact}>
      {timeText(at)}
    </time>
  );
}
