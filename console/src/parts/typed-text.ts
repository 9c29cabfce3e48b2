// What a person has typed into the fields of the page.

/** The fields in which something was typed, while the page has them. */
const fields = new Set<HTMLInputElement | HTMLTextAreaElement>();

function isField(target: EventTarget | null): target is HTMLInputElement | HTMLTextAreaElement {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

addEventListener('input', ({ target }) => {
  for (const each of fields) if (!each.isConnected) fields.delete(each);
  if (isField(target)) fields.add(target);
});

/** Fields of passwords and one-time codes, and of what else nobody but the person may know. */
const secretFields = 'input[type="password"], input[autocomplete="one-time-code"]';
/** What shows a secret of the service, such as the key of an MFA device. */
const shownSecrets = '.console-qr';

/** Whether a text was typed that is not a secret, and no secret is shown. */
export function isTextTyped(): boolean {
  if (document.querySelector(shownSecrets) !== null) return false;
  return [...fields].some(
    (each) => each.isConnected && each.value !== '' && !each.matches(secretFields),
  );
}

/** Empties the fields of secrets, as if the person had done it. */
export function clearSecrets(): void {
  for (const field of document.querySelectorAll<HTMLInputElement>(secretFields)) {
    // React notices a change only if it does not see how the value was set.
    const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value') ?? {};
    set?.call(field, '');
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }
}
