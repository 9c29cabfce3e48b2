// The actions of CloudTrail.

import { serviceActions } from './service-actions.ts';

const trail = ['trail'];
const ofResource = ['aws:ResourceTag/${k}'];
const ofRequest = ['aws:RequestTag/${k}', 'aws:TagKeys'];

/** @see Service authorization reference, "Actions, resources, and condition keys for CloudTrail" */
export const cloudTrailActions = serviceActions(
  'cloudtrail',
  { trail: 'arn:${Partition}:cloudtrail:${Region}:${Account}:trail/${TrailName}' },
  [
    ['Read', [], [], 'LookupEvents DescribeTrails'],
    ['Read', trail, ofResource, 'GetTrail GetTrailStatus GetEventSelectors GetInsightSelectors'],
    ['Read', trail, ofResource, 'ListTags'],
    ['Read', [], [], 'ListPublicKeys'],
    ['List', [], [], 'ListTrails'],
    ['Write', trail, ofRequest, 'CreateTrail'],
    ['Write', trail, ofResource, 'DeleteTrail UpdateTrail StartLogging StopLogging'],
    ['Write', trail, ofResource, 'PutEventSelectors PutInsightSelectors'],
    ['Tagging', trail, [...ofRequest, ...ofResource], 'AddTags'],
    ['Tagging', trail, ['aws:TagKeys', ...ofResource], 'RemoveTags'],
  ],
);
