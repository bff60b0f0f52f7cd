import { useMutation } from '@tanstack/react-query';
import { request } from '../../api/request.ts';
import type { UserToken } from '../../api/shapes.ts';
import { FoldForm } from '../FoldForm.tsx';
import { NameAndId, useNameAndId } from '../NameAndId.tsx';
import { Secret } from '../Secret.tsx';

interface Props {
  readonly path: string;
  readonly onMade: () => unknown;
}

/** Adds a till, and shows its token this once. */
export function NewTill({ path, onMade }: Props) {
  const { name, id, fields } = useNameAndId(null);
  const make = useMutation({
    mutationFn: () => request<UserToken>('POST', path, { id, name }),
    onSuccess: () => {
      fields.setName('');
      fields.setTypedId(null);
      onMade();
    },
  });
  return (
    <FoldForm
      title="Add a till"
      submit="Add it"
      onSubmit={() => make.mutate()}
      isPending={make.isPending}
      error={make.error}
      outcome={
        make.data !== undefined && (
          <Secret
            title={`Token of ${make.data.id}`}
            secret={make.data.token}
            note="It is shown this once, and kept nowhere. The till sends it as a bearer token to POST /api/v1/redemptions."
          />
        )
      }
    >
      <NameAndId id={id} fields={fields} />
    </FoldForm>
  );
}
