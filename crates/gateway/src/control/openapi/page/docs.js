// Shows /openapi.json: paths by kind, what each reads, and how it is called with curl.
'use strict'

/** An element with attributes and children; texts are texts, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

/** What a schema takes, in words. */
function words(schema) {
  if (schema.enum) return schema.enum.filter(word => word !== null).join(' | ')
  const kind = [schema.type ?? 'anything']
    .flat()
    .filter(one => one !== 'null')
    .join(' or ')
  if (kind === 'array') return `list of ${words(schema.items)}`
  if (kind === 'object' && schema.properties) return `{ ${Object.keys(schema.properties).join(', ')} }`
  if (kind === 'object' && schema.additionalProperties?.type) return `mapping to ${words(schema.additionalProperties)}`
  return schema.examples ? `${kind}, such as ${schema.examples.join(', ')}` : kind
}

/** Fields of an operation: the path's first, then what is required, then the others. */
function fieldsOf(operation) {
  const parameters = (operation.parameters ?? []).map(one => ({
    ...one,
    place: one.in,
    description: one.description ?? '',
  }))
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const body = Object.entries(schema?.properties ?? {}).map(([name, one]) => {
    const required = (schema.required ?? []).includes(name)
    return { name, place: 'body', required, schema: one, description: one.description ?? '' }
  })
  return [...parameters, ...body].sort((one, other) => Number(other.required ?? false) - Number(one.required ?? false))
}

function tableOf(fields) {
  const head = element(
    'tr',
    {},
    ...['Field', 'In', 'Takes', 'Meaning'].map(text => element('th', { scope: 'col' }, text)),
  )
  const rows = fields.map(field =>
    element(
      'tr',
      {},
      element('td', {}, element('code', {}, field.name), field.required ? ' (required)' : ''),
      element('td', {}, field.place),
      element('td', {}, words(field.schema)),
      element('td', {}, field.description),
    ),
  )
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows))
}

/** A value that a field could have. */
function example(schema) {
  const kind = [schema.type ?? 'object'].flat()[0]
  if (schema.enum) return schema.enum[0]
  if (schema.examples) return schema.examples[0]
  if (schema.format === 'binary') return '@file'
  if (kind === 'array') return [example(schema.items)]
  return { boolean: true, integer: 1, number: 1, object: {} }[kind] ?? '...'
}

function curl(method, path, operation, fields) {
  const required = fields.filter(field => field.required)
  const query = required.filter(field => field.place === 'query').map(field => `${field.name}=${example(field.schema)}`)
  const lines = [`curl -X ${method} '${location.origin}${path}${query.length > 0 ? '?' + query.join('&') : ''}'`]
  if (!operation.security) lines.push("-H 'Authorization: Bearer sk-...'")
  if (operation.requestBody) {
    const body = required.filter(field => field.place === 'body').map(field => [field.name, example(field.schema)])
    if ('multipart/form-data' in operation.requestBody.content) {
      lines.push(...body.map(([name, value]) => `-F '${name}=${value}'`))
    } else {
      lines.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(Object.fromEntries(body))}'`)
    }
  }
  return lines.join(' \\\n  ')
}

/** A path and method; what is in it is made when it is opened. */
function entry(method, path, operation) {
  const shown = element(
    'details',
    { id: operation.operationId },
    element('summary', {}, element('code', {}, `${method} ${path}`), element('span', {}, operation.summary)),
  )
  shown.addEventListener('toggle', () => {
    if (!shown.open || shown.children.length > 1) return
    const fields = fieldsOf(operation)
    const inside = element('div', { tabindex: '0', role: 'group', 'aria-label': `${method} ${path}` })
    inside.append(fields.length > 0 ? tableOf(fields) : element('p', {}, 'It reads nothing.'))
    inside.append(element('pre', {}, curl(method, path, operation, fields)))
    shown.append(inside)
  })
  return { shown, text: `${method} ${path} ${operation.summary}`.toLowerCase() }
}

function show(description) {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const sections = description.tags.map(({ name, description: about }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name))
    const entries = own.map(({ method, path, operation }) => entry(method, path, operation))
    const id = name.toLowerCase().replaceAll(' ', '-')
    const link = element('a', { href: `#${id}` }, name)
    const heading = element('h2', { id }, name)
    const section = element('section', { 'aria-labelledby': id }, heading, element('p', {}, about))
    section.append(...entries.map(({ shown }) => shown))
    return { entries, link, section }
  })
  document.getElementById('tags').append(...sections.map(({ link }) => link))
  document.getElementById('paths').replaceChildren(...sections.map(({ section }) => section))
  const filter = document.getElementById('filter')
  const apply = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/)
    let count = 0
    for (const { entries, link, section } of sections) {
      const kept = entries.filter(({ shown, text }) => !(shown.hidden = !wanted.every(word => text.includes(word))))
      section.hidden = link.hidden = kept.length === 0
      count += kept.length
    }
    document.getElementById('count').textContent = `${count} of ${operations.length} operations`
  }
  filter.addEventListener('input', apply)
  apply()
  // An address that names a path opens it.
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (named) {
    named.open = true
    named.scrollIntoView()
  }
}

fetch('/openapi.json')
  .then(response => (response.ok ? response.json() : Promise.reject(new Error(`status ${response.status}`))))
  .then(show)
  .catch(why => {
    document.getElementById('count').textContent = `The description cannot be read: ${why.message}`
  })
