// How the UI looks: dense but calm, one accent, the fonts of the machine.

import {
  ActionIcon,
  Badge,
  Button,
  createTheme,
  Modal,
  MultiSelect,
  NumberInput,
  Paper,
  PasswordInput,
  Select,
  Table,
  TagsInput,
  Textarea,
  TextInput,
  Tooltip,
  type MantineColorsTuple,
} from '@mantine/core'

const lock: MantineColorsTuple = [
  '#eef0ff',
  '#dbdffc',
  '#b6bef3',
  '#8e9aec',
  '#6d7ce5',
  '#5868e1',
  '#4353d9',
  '#3a49c4',
  '#3240b0',
  '#27349b',
]

const small = { defaultProps: { size: 'sm' } }

export const theme = createTheme({
  primaryColor: 'lock',
  primaryShade: { light: 6, dark: 5 },
  colors: { lock },
  autoContrast: true,
  fontFamily: 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "JetBrains Mono", SFMono-Regular, Menlo, Consolas, monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.375rem' }, h2: { fontSize: '1rem' } } },
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'sm', tt: 'none', fw: 500 } }),
    Button: Button.extend({ defaultProps: { size: 'xs' } }),
    Modal: Modal.extend({ defaultProps: { centered: true, overlayProps: { blur: 1, backgroundOpacity: 0.4 } } }),
    MultiSelect: MultiSelect.extend(small),
    NumberInput: NumberInput.extend(small),
    Paper: Paper.extend({ defaultProps: { withBorder: true, p: 'md' } }),
    PasswordInput: PasswordInput.extend(small),
    Select: Select.extend(small),
    Table: Table.extend({ defaultProps: { verticalSpacing: 7, horizontalSpacing: 'sm', fz: 'sm' } }),
    TagsInput: TagsInput.extend(small),
    Textarea: Textarea.extend(small),
    TextInput: TextInput.extend(small),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, fz: 'xs' } }),
  },
})
