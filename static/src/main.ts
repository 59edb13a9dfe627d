import { mount } from 'svelte'
import './app.css'
import Root from './Root.svelte'

const target = document.getElementById('app')
if (target === null) throw new Error('index.html holds no #app')
mount(Root, { target })
