// The fields of a sign-in: a user name and a password, which password managers know.

import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';

interface PasswordFieldsProps {
  readonly name: string;
  readonly password: string;
  readonly onName: (name: string) => void;
  readonly onPassword: (password: string) => void;
}

/** Asks for a user name and a password. */
export function PasswordFields({ name, password, onName, onPassword }: PasswordFieldsProps) {
  return (
    <SpaceBetween size="m">
      <FormField label="User name">
        <Input
          name="user_name"
          value={name}
          onChange={({ detail }) => onName(detail.value)}
          autoComplete="username"
          spellcheck={false}
          autoFocus
        />
      </FormField>
      <FormField label="Password">
        <Input
          name="password"
          type="password"
          value={password}
          onChange={({ detail }) => onPassword(detail.value)}
          autoComplete="current-password"
        />
      </FormField>
    </SpaceBetween>
  );
}
