// A new deployment of a model, with the key of its provider: it is sealed, and never shown again.

import { NumberInput, PasswordInput, SimpleGrid, TextInput } from '@mantine/core'
import { useState } from 'react'

import { api, post, type Fields } from '../../api/client'
import { useChange } from '../../api/queries'
import type { Deployment } from '../../api/types'
import { filled } from '../../components/AllowanceFields'
import { FormModal } from '../../components/FormModal'

export function ModelForm({ close, test }: { close: () => void; test: (deployment: Deployment) => void }) {
  const [name, setName] = useState('')
  const [model, setModel] = useState('')
  const [base, setBase] = useState('')
  const [key, setKey] = useState('')
  const [rpm, setRpm] = useState<number | string>('')
  const [parallel, setParallel] = useState<number | string>('')
  const save = useChange((body: Fields<'POST', '/model/new'>) => api(post('/model/new', body)), {
    done: 'The model is added.',
    stale: ['deployments', 'models', 'health'],
  })
  const submit = async () => {
    const params = filled({
      model: model.trim(),
      api_base: base.trim(),
      api_key: key,
      rpm,
      max_parallel_requests: parallel,
    })
    const made = await save.mutateAsync({ model_name: name.trim(), litellm_params: params })
    const id = made.model_id
    test({
      model_name: name.trim(),
      litellm_params: { model: model.trim() },
      model_info: { id, db_model: true },
      blocked: false,
    })
  }
  return (
    <FormModal
      title="Add a model"
      action="Add and test"
      busy={save.isPending}
      close={close}
      submit={submit}
      disabled={!name.trim() || !model.trim()}
    >
      <TextInput
        label="Name"
        description="What callers ask for; a name that is there gets one more deployment"
        placeholder="chat"
        required
        value={name}
        onChange={event => setName(event.currentTarget.value)}
      />
      <TextInput
        label="Model at the provider"
        description="The provider, a slash, and the model as it is called there"
        placeholder="openai/gpt-4o-mini"
        required
        value={model}
        onChange={event => setModel(event.currentTarget.value)}
      />
      <PasswordInput
        label="Key of the provider"
        description="Sealed as soon as it arrives, and never shown again"
        autoComplete="off"
        value={key}
        onChange={event => setKey(event.currentTarget.value)}
      />
      <TextInput
        label="Address"
        description="Only where it is not the provider’s own"
        placeholder="http://localhost:11434/v1"
        value={base}
        onChange={event => setBase(event.currentTarget.value)}
      />
      <SimpleGrid cols={2}>
        <NumberInput
          label="Requests a minute"
          min={1}
          hideControls
          placeholder="no limit"
          value={rpm}
          onChange={setRpm}
        />
        <NumberInput
          label="Calls at a time"
          min={1}
          hideControls
          placeholder="no limit"
          value={parallel}
          onChange={setParallel}
        />
      </SimpleGrid>
    </FormModal>
  )
}
