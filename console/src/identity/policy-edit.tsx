// A new default version of a managed policy.

import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyVersionCommand,
  ListPolicyVersionsCommand,
  type PolicyVersion,
} from '@aws-sdk/client-iam';
import Spinner from '@cloudscape-design/components/spinner';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { indented } from '../parts/json-dialog.tsx';
import { useChange } from '../parts/use-change.ts';
import { DocumentField, documentProblem, errorAt, withoutFieldErrors } from './document-field.tsx';
import { documentOf, iam } from './iam-calls.ts';

/** The quota of IAM for the versions of a policy. */
const versionsMax = 5;

interface EditPolicyProps {
  readonly arn: string;
  readonly name: string;
  readonly onEnd: () => void;
}

/** Shows the document in effect, and puts another one into effect as a new version. */
export function EditPolicy({ arn, name, onEnd }: EditPolicyProps) {
  const [draft, setDraft] = useState<string>();
  const [base, setBase] = useState<string>();
  const policy = useQuery({
    queryKey: ['iam-policy-versions', arn],
    queryFn: () => inEffect(arn),
    // Of what was read for an earlier dialog, nothing is shown.
    gcTime: 0,
    staleTime: 0,
  });
  const document = draft ?? policy.data?.document ?? '';
  const surplus = policy.data?.surplus;
  const save = useChange({
    call: () => replace(arn, base ?? policy.data?.id, surplus, document),
    done: (_, id) => `Version ${id} of the policy ${name} is in effect.`,
    reads: ['iam-policies', 'iam-policy-versions'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Edit the policy ${name}`}
      action="Save as new version"
      size="large"
      isReady={draft !== undefined && documentProblem(document) === undefined}
      {...(surplus !== undefined && {
        warning: `IAM keeps ${versionsMax} versions of a policy. The oldest one that is not in effect, ${surplus}, is deleted if the new document is accepted.`,
      })}
      change={withoutFieldErrors(save)}
      onDismiss={onEnd}
    >
      <ErrorAlert error={policy.error} />
      {policy.isLoading && <Spinner />}
      {policy.data && (
        <DocumentField
          label="Policy document"
          description="It takes effect at once for all users, groups and roles to which the policy is attached. Earlier versions are kept."
          value={document}
          onChange={(text) => {
            setDraft(text);
            setBase(base ?? policy.data.id);
          }}
          {...errorAt('document', save.error)}
        />
      )}
    </ConfirmDialog>
  );
}

/** The version in effect. */
interface InEffect {
  readonly id: string | undefined;
  readonly document: string;
  /** The version that a new one displaces. */
  readonly surplus: string | undefined;
}

async function versionsOf(PolicyArn: string): Promise<readonly PolicyVersion[]> {
  const { Versions = [] } = await iam().send(new ListPolicyVersionsCommand({ PolicyArn }));
  return Versions;
}

async function inEffect(PolicyArn: string): Promise<InEffect> {
  const versions = await versionsOf(PolicyArn);
  const id = versions.find((each) => each.IsDefaultVersion)?.VersionId;
  const command = new GetPolicyVersionCommand({ PolicyArn, VersionId: id });
  const { PolicyVersion } = await iam().send(command);
  // The newest version is the first.
  const old = versions.findLast((each) => !each.IsDefaultVersion);
  return {
    id,
    document: indented(documentOf(PolicyVersion?.Document)),
    surplus: versions.length < versionsMax ? undefined : old?.VersionId,
  };
}

/**
 * Puts a document into effect; the id of its version.
 *
 * @param base the version that was edited
 * @param surplus the version that the person was told is deleted
 * @throws {Error} if another version is in effect by now
 */
async function replace(
  PolicyArn: string,
  base: string | undefined,
  surplus: string | undefined,
  PolicyDocument: string,
): Promise<string | undefined> {
  const versions = await versionsOf(PolicyArn);
  const now = versions.find((each) => each.IsDefaultVersion)?.VersionId;
  if (now !== base) {
    throw new Error(
      `Version ${now} is in effect by now, and you have edited ${base}. Copy what you need, close this dialog and open it again.`,
    );
  }
  const create = async () => {
    const input = { PolicyArn, PolicyDocument, SetAsDefault: true };
    return (await iam().send(new CreatePolicyVersionCommand(input))).PolicyVersion?.VersionId;
  };
  if (versions.length < versionsMax || surplus === undefined) return create();
  try {
    return await create();
  } catch (error) {
    // The service refuses a document before it counts the versions.
    if (!(error instanceof Error) || !/can have up to \d+ versions/.test(error.message))
      throw error;
  }
  await iam().send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: surplus }));
  return create();
}
