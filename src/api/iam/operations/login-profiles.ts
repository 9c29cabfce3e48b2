// The IAM operations on passwords of users and the rules for them.

import { type Decision, mapPermissions } from '../../../aws/service.ts';
import {
  boolean,
  integer,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import type { PasswordDecision } from '../../../identity/accounts/passwords/passwords.ts';
import type {
  PasswordRecord,
  PasswordRules,
  UserRecord,
} from '../../../identity/accounts/records.ts';
import { answer, done, everything, iamOperation } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import { existingUserName, nothing } from '../shapes/common.ts';

const password = sensitive(
  string({
    min: 1,
    max: 128,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: AWS permits tab and line ends.
    pattern: /^[\u0009\u000A\u000D\u0020-\u00FF]+$/,
  }),
);
const loginProfile = structure({
  UserName: required(existingUserName),
  CreateDate: required(timestamp()),
  PasswordResetRequired: boolean(),
});

function profileView({ name }: UserRecord, { createdMs, mustChange }: PasswordRecord) {
  return { UserName: name, CreateDate: createdMs, PasswordResetRequired: mustChange };
}

function emptyDecision(decide: PasswordDecision): Decision<object> {
  return () => done(decide());
}

/** Gives a user a password. */
export const createLoginProfile = ({ iam }: IamParts) =>
  iamOperation('CreateLoginProfile', {
    input: structure({
      UserName: existingUserName,
      Password: password,
      PasswordResetRequired: boolean(),
    }),
    output: structure({ LoginProfile: required(loginProfile) }),
    resources: ({ UserName }, { caller }) => [
      iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: async ({ UserName, Password, PasswordResetRequired = false }, call) => {
      const user = iam.users.require(iam.users.nameOr(UserName, call));
      if (Password === undefined) throw new IamError('ValidationError', 'A Password is required.');
      const decide = await iam.passwords.create(user, Password, PasswordResetRequired, call);
      return () => answer(decide(), (record) => ({ LoginProfile: profileView(user, record) }));
    },
  });

/** Tells whether a user has a password. */
export const getLoginProfile = ({ iam }: IamParts) =>
  iamOperation('GetLoginProfile', {
    input: structure({ UserName: existingUserName }),
    output: structure({ LoginProfile: required(loginProfile) }),
    resources: ({ UserName }, { caller }) => [
      iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: ({ UserName }, call) => {
      const user = iam.users.require(iam.users.nameOr(UserName, call));
      return { output: { LoginProfile: profileView(user, iam.passwords.require(user)) } };
    },
  });

/** Sets the password of a user. */
export const updateLoginProfile = ({ iam }: IamParts) =>
  iamOperation('UpdateLoginProfile', {
    input: structure({
      UserName: required(existingUserName),
      Password: password,
      PasswordResetRequired: boolean(),
    }),
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: async ({ UserName, Password, PasswordResetRequired }, call) => {
      const user = iam.users.require(UserName);
      return emptyDecision(await iam.passwords.update(user, Password, PasswordResetRequired, call));
    },
  });

/** Takes the password of a user away. */
export const deleteLoginProfile = ({ iam }: IamParts) =>
  iamOperation('DeleteLoginProfile', {
    input: structure({ UserName: existingUserName }),
    output: nothing,
    resources: ({ UserName }, { caller }) => [
      iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: ({ UserName }, call) =>
      done(iam.passwords.delete(iam.users.require(iam.users.nameOr(UserName, call)))),
  });

/** Changes the password of the calling user. */
export const changePassword = ({ iam }: IamParts) => {
  const declared = iamOperation('ChangePassword', {
    input: structure({ OldPassword: required(password), NewPassword: required(password) }),
    output: nothing,
    resources: (_, { caller }) => [caller.arn],
    handle: async ({ OldPassword, NewPassword }, call) => {
      if (call.caller.type !== 'user') {
        throw new IamError('InvalidUserType', 'Only IAM users can change their own password.');
      }
      const user = iam.users.require(iam.users.nameOr(undefined, call));
      return emptyDecision(await iam.passwords.change(user, OldPassword, NewPassword, call));
    },
  });
  return {
    ...declared,
    // The account's rules can let all users change their own password without a policy.
    permissions: (...of: Parameters<typeof declared.permissions>) => {
      const isGiven = iam.passwords.rules?.usersMayChange === true;
      return mapPermissions(declared.permissions(...of), (each) => ({ ...each, isGiven }));
    },
  };
};

const lengthMin = integer({ min: 6, max: 128 });
const ageMax = integer({ min: 1, max: 1095 });
const reuse = integer({ min: 1, max: 24 });

function rulesView(rules: PasswordRules) {
  return {
    MinimumPasswordLength: rules.lengthMin,
    RequireSymbols: rules.needsSymbols,
    RequireNumbers: rules.needsNumbers,
    RequireUppercaseCharacters: rules.needsUppercase,
    RequireLowercaseCharacters: rules.needsLowercase,
    AllowUsersToChangePassword: rules.usersMayChange,
    ExpirePasswords: rules.ageDaysMax !== undefined,
    ...(rules.ageDaysMax !== undefined && { MaxPasswordAge: rules.ageDaysMax }),
    ...(rules.remembered !== undefined && { PasswordReusePrevention: rules.remembered }),
    HardExpiry: rules.hardExpiry ?? false,
  };
}

/** Returns the rules for passwords. */
export const getAccountPasswordPolicy = ({ iam }: IamParts) =>
  iamOperation('GetAccountPasswordPolicy', {
    input: structure({}),
    output: structure({
      PasswordPolicy: required(
        structure({
          MinimumPasswordLength: lengthMin,
          RequireSymbols: boolean(),
          RequireNumbers: boolean(),
          RequireUppercaseCharacters: boolean(),
          RequireLowercaseCharacters: boolean(),
          AllowUsersToChangePassword: boolean(),
          ExpirePasswords: boolean(),
          MaxPasswordAge: ageMax,
          PasswordReusePrevention: reuse,
          HardExpiry: boolean(),
        }),
      ),
    }),
    resources: everything,
    handle: (_, { accountId }) => ({
      output: { PasswordPolicy: rulesView(iam.passwords.requireRules(accountId)) },
    }),
  });

/** Sets all rules for passwords. Rules that are not given get their defaults. */
export const updateAccountPasswordPolicy = ({ iam }: IamParts) =>
  iamOperation('UpdateAccountPasswordPolicy', {
    input: structure({
      MinimumPasswordLength: lengthMin,
      RequireSymbols: boolean(),
      RequireNumbers: boolean(),
      RequireUppercaseCharacters: boolean(),
      RequireLowercaseCharacters: boolean(),
      AllowUsersToChangePassword: boolean(),
      MaxPasswordAge: ageMax,
      PasswordReusePrevention: reuse,
      HardExpiry: boolean(),
    }),
    output: nothing,
    resources: everything,
    handle: (input) =>
      done(
        iam.passwords.setRules({
          lengthMin: input.MinimumPasswordLength ?? 6,
          needsSymbols: input.RequireSymbols ?? false,
          needsNumbers: input.RequireNumbers ?? false,
          needsUppercase: input.RequireUppercaseCharacters ?? false,
          needsLowercase: input.RequireLowercaseCharacters ?? false,
          usersMayChange: input.AllowUsersToChangePassword ?? false,
          ...(input.MaxPasswordAge !== undefined && { ageDaysMax: input.MaxPasswordAge }),
          ...(input.PasswordReusePrevention !== undefined && {
            remembered: input.PasswordReusePrevention,
          }),
          ...(input.HardExpiry !== undefined && { hardExpiry: input.HardExpiry }),
        }),
      ),
  });

/** Removes the rules for passwords, so that the defaults apply. */
export const deleteAccountPasswordPolicy = ({ iam }: IamParts) =>
  iamOperation('DeleteAccountPasswordPolicy', {
    input: structure({}),
    output: nothing,
    resources: everything,
    handle: (_, { accountId }) => done(iam.passwords.deleteRules(accountId)),
  });
