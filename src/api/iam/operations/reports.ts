// The IAM operations on the report about the credentials of all users.

import {
  blob,
  enumeration,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { CredentialReports } from '../../../identity/accounts/reports/credential-report.ts';
import { everything, iamOperation } from '../declare.ts';
import type { IamParts } from '../parts.ts';

const reportsOf = new WeakMap<IamParts, CredentialReports>();

function reports(parts: IamParts): CredentialReports {
  const known = reportsOf.get(parts) ?? new CredentialReports(parts.iam, parts.identity);
  reportsOf.set(parts, known);
  return known;
}

/** Makes a report, which is complete at once. */
export const generateCredentialReport = (parts: IamParts) =>
  iamOperation('GenerateCredentialReport', {
    input: structure({}),
    output: structure({
      State: enumeration(['STARTED', 'INPROGRESS', 'COMPLETE']),
      Description: string(),
    }),
    resources: everything,
    handle: async (_, { nowMs }) => {
      if (!(await reports(parts).generate(nowMs)))
        return { output: { State: 'COMPLETE' as const } };
      const Description = 'No report exists. Starting a new report generation task';
      return { output: { State: 'STARTED' as const, Description } };
    },
  });

/** Returns the last report. */
export const getCredentialReport = (parts: IamParts) =>
  iamOperation('GetCredentialReport', {
    input: structure({}),
    output: structure({
      Content: sensitive(blob()),
      ReportFormat: enumeration(['text/csv']),
      GeneratedTime: timestamp(),
    }),
    resources: everything,
    handle: (_, { nowMs }) => {
      const { content, atMs } = reports(parts).get(nowMs);
      const ReportFormat = 'text/csv' as const;
      return { output: { Content: content, ReportFormat, GeneratedTime: atMs } };
    },
  });
