// What every test begins with: all words are here.
import { fetchWords } from './words'

await Promise.all([fetchWords('en'), fetchWords('zh')])
