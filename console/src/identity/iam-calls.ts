// Calls about identities.

import { IAMClient } from '@aws-sdk/client-iam';
import { clientOf } from '../aws/clients.ts';
import type { Page } from '../parts/paged-table.tsx';

/** The client of IAM. */
export const iam = (): IAMClient => clientOf(IAMClient);

/** The items of a page. */
export const pageItems = 25;

/** A page of IAM, whose token counts only if there is more. */
export function pageOf<Item>(
  items: readonly Item[] | undefined,
  { IsTruncated, Marker }: { IsTruncated?: boolean | undefined; Marker?: string | undefined },
): Page<Item> {
  return { items: items ?? [], next: IsTruncated === true ? Marker : undefined };
}

/** A policy document, which IAM returns percent-encoded. */
export function documentOf(encoded: string | undefined): string {
  return decodeURIComponent(encoded ?? '');
}
