// Fields for tags.

import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Input from '@cloudscape-design/components/input';

/** A tag. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

interface TagFieldsProps {
  readonly tags: readonly Tag[];
  readonly onChange: (tags: readonly Tag[]) => void;
  readonly tagCountMax?: number;
}

/** What people should know before they write a tag. */
export const tagAdvice =
  'Tags and names are not encrypted with your key, and appear in the trail. Keep personal and secret data out of them; the service warns of what it finds.';

/** Whether another tag before this one has the same key. */
function isRepeated(tags: readonly Tag[], index: number): boolean {
  const key = tags[index]?.key ?? '';
  return key !== '' && tags.findIndex((tag) => tag.key === key) < index;
}

/** Whether two tags have the same key, so that one would be lost. The fields show which. */
export function hasRepeatedKey(tags: readonly Tag[]): boolean {
  return tags.some((_, index) => isRepeated(tags, index));
}

/** Edits tags. */
export function TagFields({ tags, onChange, tagCountMax = 50 }: TagFieldsProps) {
  const replace = (index: number, change: Partial<Tag>) =>
    onChange(tags.map((tag, at) => (at === index ? { ...tag, ...change } : tag)));
  return (
    <AttributeEditor
      items={tags}
      addButtonText="Add tag"
      removeButtonText="Remove"
      removeButtonAriaLabel={({ key }) => `Remove the tag ${key}`}
      disableAddButton={tags.length >= tagCountMax}
      onAddButtonClick={() => onChange([...tags, { key: '', value: '' }])}
      onRemoveButtonClick={({ detail }) =>
        onChange(tags.filter((_, at) => at !== detail.itemIndex))
      }
      empty="There are no tags."
      definition={[
        {
          label: 'Key',
          errorText: (_, index) =>
            isRepeated(tags, index) ? 'Another tag has this key. Remove one of them.' : undefined,
          control: ({ key }, index) => (
            <Input value={key} onChange={({ detail }) => replace(index, { key: detail.value })} />
          ),
        },
        {
          label: 'Value',
          control: ({ value }, index) => (
            <Input
              value={value}
              onChange={({ detail }) => replace(index, { value: detail.value })}
            />
          ),
        },
      ]}
    />
  );
}

/** Tags as an object; those without a key are left out. @see hasRepeatedKey */
export function tagObject(tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(
    tags.filter(({ key }) => key !== '').map((tag) => [tag.key, tag.value]),
  );
}
