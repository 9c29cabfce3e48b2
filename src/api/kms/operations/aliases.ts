import { operation } from '../../../aws/service.ts';
import {
  boolean,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey } from '../answers.ts';
import { aliasName, keyId, limit, marker, nothing } from '../shapes.ts';

const named = structure({ AliasName: required(aliasName), TargetKeyId: required(keyId) });

/** Gives a key a name. */
export const createAlias = (kms: Kms) =>
  operation({
    action: 'kms:CreateAlias',
    readOnly: false,
    input: named,
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) =>
      answer(kms, kms.aliases.create(call, input.AliasName, input.TargetKeyId), {}),
  });

/** Lets a name mean another key. */
export const updateAlias = (kms: Kms) =>
  operation({
    action: 'kms:UpdateAlias',
    readOnly: false,
    input: named,
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) =>
      answer(kms, kms.aliases.update(call, input.AliasName, input.TargetKeyId), {}),
  });

/** Takes a name from its key. */
export const deleteAlias = (kms: Kms) =>
  operation({
    action: 'kms:DeleteAlias',
    readOnly: false,
    input: structure({ AliasName: required(aliasName) }),
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) => answer(kms, kms.aliases.delete(call, input.AliasName), {}),
  });

/** Lists the names of the account's keys, or of one. */
export const listAliases = (kms: Kms) =>
  operation({
    action: 'kms:ListAliases',
    readOnly: true,
    input: structure({ KeyId: keyId, Limit: limit, Marker: marker }),
    output: structure({
      Aliases: list(
        structure({
          AliasName: aliasName,
          AliasArn: string(),
          TargetKeyId: keyId,
          CreationDate: timestamp(),
          LastUpdatedDate: timestamp(),
        }),
      ),
      NextMarker: marker,
      Truncated: boolean(),
    }),
    handle(input, call) {
      const done = kms.aliases.list(call, input.KeyId, input);
      const { items, next } = done.output;
      const Aliases = items.map((alias) => ({
        AliasName: alias.name,
        AliasArn: alias.arn,
        TargetKeyId: alias.keyId,
        CreationDate: alias.createdMs,
        LastUpdatedDate: alias.updatedMs,
      }));
      return answer(kms, done, { Aliases, NextMarker: next, Truncated: next !== undefined });
    },
  });
